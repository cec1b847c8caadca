// `npm test`: every check, up to the first that fails; `npm test -- unit layers` runs only those named.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureChromium } from "./lib/chromium.mjs";
import { run, runTool, secondsSince, ToolError } from "./lib/command.mjs";
import { ensurePrometheus } from "./lib/prometheus.mjs";
import { setUp } from "./setup.mjs";

/** Two lanes that run beside each other: the checks of one take one core each and know nothing of the other's. */
const lanes = [
  {
    lint: ["node_modules/@biomejs/biome/bin/biome", "ci", "--colors=off", "."],
    types: ["node_modules/typescript/bin/tsc", "-b"],
    "metrics-doc": ["tools/metrics-doc.mjs", "--check"],
    layers: [
      "node_modules/dependency-cruiser/bin/dependency-cruise.mjs",
      "packages",
      "deploy",
      "test",
      "bench",
    ],
    "dead-code": ["node_modules/knip/bin/knip.js"],
    // After types: it needs the build.
    monitoring: ["tools/gen-monitoring.mjs", "--check"],
  },
  {
    promises: ["tools/promises.mjs"],
    proto: ["tools/gen-proto.mjs", "--check"],
    secrets: ["tools/secrets.mjs"],
    sbom: ["tools/sbom.mjs"],
    dashboard: ["tools/dashboard.mjs"],
  },
];
const suites = ["unit", "integration", "faults", "e2e"];
const stepNames = [...lanes.flatMap(Object.keys), ...suites];

const totals = { passed: 0, failed: 0, skipped: 0 };

/** Runs a check quietly: its output is shown where it fails, and else what it notes. */
async function runCheck(args) {
  const { code, output } = await run(process.execPath, args);
  if (code !== 0) console.log(output.trimEnd());
  for (const [line] of code === 0 ? output.matchAll(/^note: .*$/gm) : []) console.log(`  ${line}`);
  return code === 0;
}

/** What a suite needs that set-up does not bring. Its tests say that they are skipped where it cannot be had. */
const needs = { integration: ensurePrometheus, e2e: ensureChromium };

async function bringNeeds(suite) {
  try {
    await needs[suite]?.();
  } catch (error) {
    if (!(error instanceof ToolError) || process.env.CI === "true") throw error;
    console.log(`  note: ${error.message}`);
  }
}

/** Runs a vitest project on screen and adds its tests to the totals. */
async function runSuite(name) {
  const folder = mkdtempSync(join(tmpdir(), "muster-test-"));
  const report = join(folder, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const args = ["node_modules/vitest/vitest.mjs", "run", "--project", name, ...reporters];
    const { code } = await run(process.execPath, args, { show: true });
    const failed = existsSync(report) ? addToTotals(JSON.parse(readFileSync(report, "utf8"))) : 0;
    // A crash, or an error outside of any test.
    if (code !== 0 && failed === 0) totals.failed += 1;
    return code === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns how many failed. A file that fails before its first test counts as one. */
function addToTotals({ testResults }) {
  const tests = testResults.flatMap((file) => file.assertionResults);
  const ofStatus = (...statuses) => tests.filter((test) => statuses.includes(test.status));
  const brokenFiles = testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
  );
  const skipped = ofStatus("skipped", "pending", "todo", "disabled");
  const failed = ofStatus("failed").length + brokenFiles.length;
  totals.passed += ofStatus("passed").length;
  totals.failed += failed;
  totals.skipped += skipped.length;
  for (const title of new Set(skipped.map((test) => test.ancestorTitles[0] || test.title)))
    console.log(`- ${title}`);
  return failed;
}

/** Steps that have begun, in the order in which they did. */
const begun = [];

async function runStep(name, task) {
  begun.push(name);
  const startMs = performance.now();
  const isGood = await task();
  console.log(`${isGood ? "✓" : "✗"} ${name} ${secondsSince(startMs)}`);
  return isGood ? undefined : name;
}

/** Runs the checks of a lane up to the first that fails, and returns its name. */
async function runLane(lane, names) {
  for (const [name, args] of Object.entries(lane)) {
    if (!names.includes(name)) continue;
    const failed = await runStep(name, () => runCheck(args));
    if (failed !== undefined) return failed;
  }
  return undefined;
}

async function runSteps(names) {
  const failedChecks = await Promise.all(lanes.map((lane) => runLane(lane, names)));
  let failed = failedChecks.filter((name) => name !== undefined);
  for (const name of suites.filter((suite) => names.includes(suite))) {
    if (failed.length > 0) break;
    await bringNeeds(name);
    const failedSuite = await runStep(name, () => runSuite(name));
    if (failedSuite !== undefined) failed = [failedSuite];
  }
  if (failed.length === 0) return;
  const left = names.filter((name) => !begun.includes(name));
  const rest = left.length === 0 ? "" : ` Not run: ${left.join(", ")}.`;
  throw new ToolError(
    `${failed.join(" and ")} failed.${rest} Run it alone with: npm test -- ${failed.join(" ")}`,
  );
}

await runTool(async () => {
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => !stepNames.includes(name));
  if (unknown.length > 0)
    throw new ToolError(`No step is called ${unknown.join(", ")}: ${stepNames.join(", ")}`);
  const names = stepNames.filter((name) => named.length === 0 || named.includes(name));
  await setUp({ build: !names.includes("types"), site: !names.includes("dashboard") });
  await runSteps(names);
});
const { passed, failed, skipped } = totals;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
