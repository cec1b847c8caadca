import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { backoffMs, type Clock, deferred, type Env, type Log, pause } from "@muster/base";

export interface ToolLoop {
  /** False before it has said anything, and once it has been silent for too long. */
  isSpeaking(): boolean;
  /** It is not installed. */
  isMissing(): boolean;
  /** Ends the tool; settles when it is gone. One that hangs in its driver is left behind. */
  close(): Promise<void>;
}

export interface ToolLoopOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Env;
  /** Says whether the line was of use: a tool may print nothing but its regrets. */
  readonly onLine: (line: string) => boolean;
  /** Something of use comes at least so often, or it is taken for stuck. */
  readonly silentMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

const restartBackoff = { baseMs: 1_000, maxMs: 120_000 };
/** A tool that has started so often without a word of use cannot be used here: a new driver needs a new start of the worker. */
const maxMuteStarts = 5;
const maxLineLength = 64 * 1024;
/** What was killed is gone within this time, or a hung driver holds it. */
const killedMs = 1_000;

/**
 * Keeps a tool running that prints again and again, such as `nvidia-smi -lms`: a process for each reading would cost far
 * more. It is started again when it ends or falls silent; a tool that is not installed is left alone.
 */
export function startToolLoop(options: ToolLoopOptions): ToolLoop {
  const { program, args, env, onLine, silentMs, clock, log } = options;
  let lastLineMs: number | undefined;
  let child: ChildProcess | undefined;
  let gone = Promise.resolve();
  let isClosed = false;
  let isMissing = false;
  let muteStarts = 0;
  let stopTimer = () => {};

  const start = () => {
    const over = deferred<void>();
    gone = over.promise;
    let hasSpokenSince = false;
    const started = spawn(program, [...args], {
      // Ctrl-C in a terminal is for the worker. What is left of it when a worker is killed ends at its next line.
      detached: process.platform !== "win32",
      windowsHide: true,
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    child = started;
    started.on("error", (error: NodeJS.ErrnoException) => {
      isMissing = error.code === "ENOENT" || error.code === "EACCES";
      if (started.pid === undefined) end();
    });
    if (started.stdout) {
      createInterface({ input: started.stdout }).on("line", (line) => {
        if (line.length > maxLineLength || !onLine(line)) return;
        lastLineMs = clock.nowMs();
        muteStarts = 0;
        hasSpokenSince = true;
      });
    }
    let stopWatching = () => {};
    const watch = () => {
      hasSpokenSince = false;
      stopWatching = clock.after(silentMs, () => {
        if (hasSpokenSince) watch();
        else endGroup(started);
      });
    };
    watch();
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      stopWatching();
      child = undefined;
      over.resolve();
      if (isClosed || isMissing) return;
      muteStarts += 1;
      if (muteStarts >= maxMuteStarts) {
        log.info({ program, args }, "a tool that tells of GPUs cannot be used here");
        return;
      }
      stopTimer = clock.after(
        backoffMs(restartBackoff, muteStarts, () => 1),
        start,
      );
    };
    started.on("close", end);
  };
  start();

  return {
    isMissing: () => isMissing,
    isSpeaking: () => lastLineMs !== undefined && clock.nowMs() - lastLineMs <= silentMs,
    async close() {
      isClosed = true;
      stopTimer();
      const last = child;
      if (last === undefined) return;
      endGroup(last);
      const waited = new AbortController();
      await Promise.race([gone, pause(clock, killedMs, waited.signal)]);
      waited.abort();
      if (child === undefined) return;
      last.stdout?.destroy();
      last.unref();
    },
  };
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // There are no groups (Windows), or it went by itself just now.
    child.kill("SIGKILL");
  }
}
