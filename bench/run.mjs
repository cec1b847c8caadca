// `npm run bench`: sets everything up, then runs the benches from their build.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setUp } from "../tools/setup.mjs";

await setUp({ quiet: true });
const main = fileURLToPath(new URL("dist/main.js", import.meta.url));
const { status } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], { stdio: "inherit" });
process.exitCode = status ?? 1;
