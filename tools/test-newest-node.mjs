// `npm run test:newest-node`: what depends on the version of Node, once more on its newest long-term release.
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { root, run, runTool, secondsSince, ToolError } from "./lib/command.mjs";
import { ensurePinned } from "./lib/pinned.mjs";
import { setUp } from "./setup.mjs";

/** Pure by the rule of layers, or for browsers: no Node decides anything there, and Node 20 proves it. */
const pure = ["packages/*/src/core/**", "packages/dashboard/**", "deploy/monitoring/**", "bench/**"];

/** The unit tests of all else, and of the integration tests those of streams, sockets, TLS, child processes and native code. */
const suites = [
  ["--project", "unit", ...pure.flatMap((files) => ["--exclude", files])],
  ["--project", "integration", ...readList("test/integration/newest-node.txt")],
];

/** The names in a list: one a line, `#` begins a comment. */
function readList(file) {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  return lines.map((line) => line.replace(/#.*$/, "").trim()).filter((line) => line !== "");
}

await runTool(async () => {
  await setUp({ quiet: true });
  const platform = `${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const program = `node-${platform}/bin/node${process.platform === "win32" ? ".exe" : ""}`;
  const wanted = JSON.parse(readFileSync(join(root, "tools/pinned/node/package.json"), "utf8"));
  const version = wanted.optionalDependencies[`node-${platform}`];
  if (version === undefined)
    throw new ToolError(
      `tools/pinned/node names no Node for ${platform}. Run npm test with a newer Node on PATH instead.`,
    );
  const { modules } = await ensurePinned("node", program);
  const node = join(modules, program);
  if (!existsSync(node))
    throw new ToolError(`npm has not installed ${node}. Remove .tools and run it again.`);
  const startMs = performance.now();
  for (const args of suites) {
    const { code } = await run(node, ["node_modules/vitest/vitest.mjs", "run", ...args], {
      show: true,
      // Child processes that the tests start run on it as well.
      env: { PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}` },
    });
    if (code !== 0) throw new ToolError(`The tests failed on Node ${version}.`);
  }
  console.log(`✓ Node ${version} ${secondsSince(startMs)}`);
});
