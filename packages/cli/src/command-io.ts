import type { Readable, Writable } from "node:stream";
import type { Env } from "@muster/base";
import { processEnvironment } from "./config.ts";

/** What a command reads and writes, so that a test can run it in its own process. */
export interface CommandIo {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdin: Readable;
  readonly env: Env;
  /** A person types and reads: both standard input and standard output are a terminal. */
  readonly isTty: boolean;
  setExitCode(code: number): void;
  /** Calls back at Ctrl-C instead of ending the process; the result takes the listener away. */
  readonly onInterrupt?: (listener: () => void) => () => void;
  /** Calls back before the process ends in whatever way can be seen; the result takes the listener away. */
  readonly onExit?: (listener: () => void) => () => void;
}

export const exitCodes = { ok: 0, failure: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** This process's own streams. */
export function processIo(): CommandIo {
  // A reader that has seen enough, as in `muster workers | head`, is no failure; a service goes on without it.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (process.listenerCount("SIGTERM") === 0) process.exit(exitCodes.ok);
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: processEnvironment(),
    isTty: process.stdin.isTTY === true && process.stdout.isTTY === true,
    setExitCode: (code) => {
      process.exitCode = code;
    },
    onInterrupt: (listener) => {
      process.on("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
    onExit: untilExit,
  };
}

/** What ends a process from outside, with the exit code that shells give it. */
const endings = { SIGHUP: 129, SIGTERM: 143 } as const;

function untilExit(listener: () => void): () => void {
  const signals = Object.entries(endings).map(([signal, code]) => ({
    signal,
    end: () => process.exit(code),
  }));
  process.on("exit", listener);
  // Before the error is printed: it would go with a screen that is taken away.
  process.on("uncaughtExceptionMonitor", listener);
  for (const { signal, end } of signals) process.on(signal, end);
  return () => {
    process.off("exit", listener);
    process.off("uncaughtExceptionMonitor", listener);
    for (const { signal, end } of signals) process.off(signal, end);
  };
}
