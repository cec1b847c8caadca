// `npm run setup`: everything that Muster needs on this machine. Running it again is quick and harmless.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root, runOrFail, runTool, secondsSince, ToolError } from "./lib/command.mjs";
import { ensurePackages, ensurePnpm } from "./lib/packages.mjs";
import { ensureRedis } from "./lib/redis.mjs";
import { ensureSite } from "./lib/site.mjs";

/**
 * Installs the packages, builds, and finds or installs Redis: one line per step unless `quiet`.
 * `build: false` leaves the build out, `site: false` that of the dashboard. Throws a ToolError that says what to do.
 */
export async function setUp({ quiet = false, build = true, site = true } = {}) {
  const step = async (task) => {
    const startMs = performance.now();
    const { note, ...result } = await task();
    if (!quiet) console.log(`✓ ${note} ${secondsSince(startMs)}`);
    return result;
  };
  await step(async () => ({ note: checkedNode() }));
  const pnpm = await step(ensurePnpm);
  await step(async () => ({ note: await ensurePackages(pnpm) }));
  if (build) await step(async () => ({ note: await ensureBuild() }));
  if (site) await step(async () => ({ note: `dashboard (${(await ensureSite()) ? "built" : "as it was"})` }));
  await step(async () => ({ note: await ensureRedis() }));
}

function checkedNode() {
  const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).engines.node.replace(/^>=/, "");
  const isOlder = process.versions.node.localeCompare(wanted, undefined, { numeric: true }) < 0;
  if (isOlder)
    throw new ToolError(
      `Muster needs Node ${wanted} or newer; this is ${process.version}. Install one: https://nodejs.org`,
    );
  return `Node ${process.version}`;
}

/** The compiler builds only what changed. */
async function ensureBuild() {
  await runOrFail(process.execPath, ["node_modules/typescript/bin/tsc", "-b"], {
    advice: "Correct the sources that it names (a fresh checkout builds as it is).",
  });
  return "build";
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runTool(async () => {
    const startMs = performance.now();
    await setUp();
    console.log(`\nReady in ${secondsSince(startMs)}. Next: npm run demo`);
  });
}
