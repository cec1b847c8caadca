// `npm run test:newest-node`: the unit and integration tests once more, on the newest long-term release of Node.
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { root, run, runOrFail, runTool, secondsSince, ToolError } from "./lib/command.mjs";
import { setUp } from "./setup.mjs";

const version = "24.21.0";
const folder = join(root, ".tools", `node-${version}`);
const program = join(folder, "node_modules/node/bin/node");

await runTool(async () => {
  await setUp({ quiet: true });
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    // The package's install script only puts its binary for this platform in place.
    await runOrFail(
      "npm",
      ["install", "--prefix", folder, "--no-audit", "--no-fund", "--save-exact", `node@${version}`],
      { advice: "Is the npm registry reachable? Then run it again." },
    );
  }
  const startMs = performance.now();
  const suites = ["--project", "unit", "--project", "integration"];
  const { code } = await run(program, ["node_modules/vitest/vitest.mjs", "run", ...suites], {
    show: true,
    // Child processes that the tests start run on it as well.
    env: { PATH: `${dirname(program)}${delimiter}${process.env.PATH ?? ""}` },
  });
  if (code !== 0) throw new ToolError(`The tests failed on Node ${version}.`);
  console.log(`✓ Node ${version} ${secondsSince(startMs)}`);
});
