/**
 * Runs a program and outlives neither it nor the process that started this one: llama-server itself goes on when its
 * parent is killed. The channel to the parent closes however the parent ends.
 * Usage: guard-main.js FOLDER PROGRAM [ARGUMENTS...], started with an IPC channel. FOLDER goes with the program; "" for
 * none.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";

const [folder = "", program = "", ...args] = process.argv.slice(2);
const stopSignals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });

function stop(): void {
  child.kill("SIGKILL");
}

child.on("error", (error) => {
  process.stderr.write(`cannot start ${program}: ${error.message}\n`);
  process.exit(127);
});
child.on("exit", (code, signal) => {
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
  if (signal === null) process.exit(code ?? 1);
  // Ends as the program did, so that whoever watches this process sees how.
  for (const each of stopSignals) process.off(each, stop);
  process.kill(process.pid, signal);
});
process.on("disconnect", stop);
for (const signal of stopSignals) process.on(signal, stop);
// The parent is gone already.
if (!process.connected) stop();
