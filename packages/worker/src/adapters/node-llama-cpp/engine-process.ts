import { type ChildProcess, fork } from "node:child_process";
import { createInterface } from "node:readline";
import { deferred, type Env, type Log, MusterError } from "@muster/base";
import type { EngineExit } from "../../ports/engine.ts";
import { childEnvironment } from "../common/child-environment.ts";
import type { EngineChildren } from "../common/engine-children.ts";
import { forkOptionsFor, type PackageEntries } from "../common/engine-packages/entries.ts";
import { lowerPriority } from "../common/lower-priority.ts";
import type { ChildMessage, ParentMessage } from "./child-messages.ts";
import type { Sandbox } from "./sandbox.ts";

export interface EngineProcess {
  readonly pid: number | undefined;
  /** Settles once, when the process is gone. Never rejects. */
  readonly exited: Promise<EngineExit>;
  /** Throws MusterError `engine_crashed` when the process is gone. */
  send(message: ParentMessage): void;
  /** Kills the process and what it started; settles when it is gone. */
  kill(): Promise<void>;
  /** The last lines that the native library wrote, for error messages; "" for none. */
  lastWords(): string;
}

const keptLines = 20;
/** For templates, headers and schemas of strangers; models are not in this heap. */
const heapLimit = "--max-old-space-size=2048";

/** Starts the engine's child and watches it. `onMessage` gets what it says. */
export function startEngineProcess(options: {
  readonly entry: string;
  readonly env: Env;
  /** Packages that were fetched for this machine. */
  readonly packages: PackageEntries;
  /** How far it stands back for other programs; 0: not at all. */
  readonly nice: number;
  readonly sandbox: Sandbox;
  readonly log: Log;
  readonly children?: EngineChildren | undefined;
  readonly onMessage: (message: ChildMessage) => void;
}): EngineProcess {
  const { log } = options;
  const extra = forkOptionsFor(options.packages);
  const [program, ...wrapped] = [...options.sandbox.command, process.execPath];
  const child = fork(options.entry, [], {
    execPath: program,
    // Its own process group: a signal from the terminal reaches the worker alone, and a kill reaches all it started.
    detached: true,
    env: { ...childEnvironment(options.env), ...extra.env },
    execArgv: [...wrapped, heapLimit, ...extra.execArgv],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  options.children?.watch(child);
  // At once: the threads that compute are started later, and are as their process is then.
  void lowerPriority(child.pid, options.nice, log);
  const lines: string[] = [];
  let isClosing = false;

  const exit = deferred<EngineExit>();
  // First of all: a process that cannot be started says so at once.
  child.on("error", (error) => {
    log.warn({ error: String(error) }, "engine process error");
    if (child.pid === undefined)
      exit.resolve({ kind: "crashed", detail: `could not start: ${error.message}` });
  });
  // Without file descriptors to spare there is no stderr at all, whatever the types say.
  if (child.stderr) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      log.debug({ line }, "engine says");
    });
  }
  // "close" comes after the last line of its stderr, "exit" may come before.
  child.on("close", (code, signal) => {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    exit.resolve({ kind: isClosing ? "closed" : "crashed", detail: how });
  });
  child.on("message", (message) => options.onMessage(message as ChildMessage));

  return {
    pid: child.pid,
    exited: exit.promise,
    send(message) {
      if (!child.connected) throw new MusterError("engine_crashed", "The engine process is gone.");
      // A failed write means that the process is dying; its exit tells the story.
      child.send(message, () => {});
    },
    async kill() {
      isClosing = true;
      killGroup(child);
      await exit.promise;
    },
    lastWords: () => lines.join("\n"),
  };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // No process groups (Windows), or it went by itself just now.
    child.kill("SIGKILL");
  }
}
