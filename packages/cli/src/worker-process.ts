import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Env } from "@muster/base";

export interface WorkerProcess {
  readonly name: string;
  readonly pid: number | undefined;
  /** The end of what it logged, for error messages. */
  lastLog(): string;
  hasExited(): boolean;
  /** SIGTERM, and SIGKILL for one that does not leave. */
  stop(): Promise<void>;
  /** As when somebody pulls the plug. */
  kill(): Promise<void>;
}

const stopTimeoutMs = 15_000;
const shownLogLines = 12;

/** Starts `muster worker` as a process of its own, as it would run on another machine; it logs to a file. */
export function startWorkerProcess(options: {
  readonly name: string;
  /** What `muster worker` is told. The model comes in MUSTER_MODEL: its address may hold a key, and arguments are seen by others. */
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: Env;
}): WorkerProcess {
  const { name, args, directory, env } = options;
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  const logFile = join(directory, `${name}.log`);
  const log = openSync(logFile, "a", 0o600);
  // Its own process group: Ctrl-C reaches it through us, in order.
  const child = spawn(process.execPath, [main, "worker", ...args, "--name", name, "--data-dir", directory], {
    env: { ...env, MUSTER_LOG: "info" },
    // The channel carries nothing: it closes when this process ends, however that happens, and the worker then leaves.
    stdio: ["ignore", log, log, "ipc"],
    detached: true,
  });
  closeSync(log);
  child.on("error", () => {});
  return {
    name,
    pid: child.pid,
    lastLog: () => readFileSync(logFile, "utf8").trim().split("\n").slice(-shownLogLines).join("\n"),
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    stop: () => stopProcess(child),
    kill: () => killProcess(child),
  };
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await gone;
  clearTimeout(force);
}

async function killProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGKILL");
  await gone;
}
