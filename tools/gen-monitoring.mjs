// `npm run gen`: writes what deploy/monitoring says into deploy/prometheus, deploy/grafana and docs/alerts.md.
// `--check` writes nothing and fails when the committed files are not what it says.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, runOrFail, runTool, ToolError } from "./lib/command.mjs";

/** Folders in which nothing else of these kinds may lie: what is no longer generated is removed. */
const owned = [
  { folder: "deploy/grafana", pattern: /\.json$/ },
  { folder: "deploy/prometheus", pattern: /\.yml$/ },
  { folder: "deploy/prometheus/tests", pattern: /\.yml$/ },
];

/** Builds the package and what it needs, and asks it. */
async function generate() {
  await runOrFail(process.execPath, ["node_modules/typescript/bin/tsc", "-b", "deploy/monitoring"], {
    advice: "Correct the sources that it names.",
  });
  const { generatedFiles } = await import("../deploy/monitoring/dist/index.js");
  return generatedFiles();
}

const committed = (file) =>
  existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : undefined;

await runTool(async () => {
  const files = await generate();
  const stale = Object.keys(files).filter((file) => committed(file) !== files[file]);
  const left = owned.flatMap(({ folder, pattern }) =>
    (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [])
      .filter((name) => pattern.test(name))
      .map((name) => `${folder}/${name}`)
      .filter((file) => !(file in files)),
  );
  if (process.argv.includes("--check") && stale.length + left.length > 0)
    throw new ToolError(`${[...stale, ...left].join(", ")}: not as deploy/monitoring says. Run npm run gen`);
  for (const file of stale) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), files[file]);
  }
  for (const file of left) rmSync(join(root, file));
  console.log(`✓ monitoring is current (${Object.keys(files).length} files, ${stale.length} written)`);
});
