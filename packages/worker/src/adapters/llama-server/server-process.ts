import { type ChildProcess, fork } from "node:child_process";
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { type Clock, deferred, type Env, type Log, pause } from "@muster/base";
import type { EngineExit } from "../../ports/engine.ts";
import { childEnvironment } from "../common/child-environment.ts";
import type { EngineChildren } from "../common/engine-children.ts";
import { lowerPriority } from "../common/lower-priority.ts";
import type { UpstreamLife } from "../common/openai/replica.ts";

const keptLines = 20;
/** A connection that broke because the server died: its end is known this soon after. */
const dyingMs = 1_000;

/** Starts llama-server under its guard, and watches it. The key goes through the environment: arguments are seen by all. */
export function startServerProcess(options: {
  readonly guard: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly key: string;
  readonly env: Env;
  /** How far it stands back for other programs; 0: not at all. */
  readonly nice: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Holds the server's socket, and goes with it. */
  readonly folder: string | undefined;
  /** Gets each line that the server writes. */
  readonly onLine: (line: string) => void;
  readonly children: EngineChildren | undefined;
}): UpstreamLife & { readonly pid: number | undefined } {
  const { log, clock } = options;
  const child = fork(options.guard, [options.folder ?? "", options.program, ...options.args], {
    // Its own process group: a signal from the terminal reaches the worker alone, and a kill reaches guard and server.
    detached: true,
    env: { ...childEnvironment(options.env), LLAMA_API_KEY: options.key },
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  options.children?.watch(child);
  void lowerPriority(child.pid, options.nice, log);
  const lines: string[] = [];
  const exit = deferred<EngineExit>();
  let isClosing = false;
  const end = async (how: EngineExit) => {
    await removeFolder(options.folder).catch((error: unknown) =>
      log.warn({ error: String(error) }, "the socket's folder stays"),
    );
    exit.resolve(how);
  };

  child.on("error", (error) => {
    log.warn({ error: String(error) }, "llama-server guard error");
    if (child.pid === undefined) void end({ kind: "crashed", detail: `could not start: ${error.message}` });
  });
  if (child.stderr) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      options.onLine(line);
      log.debug({ line }, "llama-server says");
    });
  }
  // A guard that was killed alone leaves the server behind, which holds on to stderr.
  child.on("exit", () => killGroup(child));
  // "close" comes after the last line of its stderr, "exit" may come before.
  child.on("close", (code, signal) => {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    void end({ kind: isClosing ? "closed" : "crashed", detail: how });
  });

  return {
    pid: child.pid,
    exited: exit.promise,
    async close() {
      isClosing = true;
      killGroup(child);
      await exit.promise;
    },
    async broke() {
      const waited = new AbortController();
      await Promise.race([exit.promise, pause(clock, dyingMs, waited.signal)]);
      waited.abort();
    },
    lastWords: () => lines.join("\n"),
  };
}

/** The guard does it, unless it was killed itself. */
async function removeFolder(folder: string | undefined): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is gone, or there are no groups (Windows): there the guard ends with its channel, and the server with it.
    if (child.connected) child.disconnect();
  }
}
