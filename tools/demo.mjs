// `npm run demo`: sets everything up, then runs `muster demo`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool } from "./lib/command.mjs";
import { setUp } from "./setup.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

await runTool(async () => {
  await setUp({ quiet: false });
  console.log("");
  const demo = spawn(
    process.execPath,
    [join(root, "packages/cli/dist/main.js"), "demo", ...process.argv.slice(2)],
    {
      stdio: "inherit",
    },
  );
  // The terminal sends Ctrl-C to the demo as well, which then cleans up: this process waits for it.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => demo.kill("SIGTERM"));
  demo.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
});
