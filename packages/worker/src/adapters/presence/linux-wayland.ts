import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Clock, Env } from "@muster/base";
import { callSession, numberFromDbus } from "./d-bus.ts";
import { screenSaverIdle } from "./linux-x11.ts";
import type { RunCommand } from "./run-command.ts";
import type { Way } from "./ways.ts";

/** What somebody can do where no way works. */
export const waylandFix = "install swayidle, and start the worker inside the session.";

/** Since the last input of a Wayland session. X11 programs see only their own part of it, and must not be asked. */
export function waylandIdleWays(run: RunCommand, swayidle: IdleHelper): Way<number>[] {
  return [() => mutterIdle(run), async () => swayidle.idleMs(), () => screenSaverIdle(run)];
}

async function mutterIdle(run: RunCommand): Promise<number | undefined> {
  const answer = await callSession(run, {
    service: "org.gnome.Mutter.IdleMonitor",
    path: "/org/gnome/Mutter/IdleMonitor/Core",
    interface: "org.gnome.Mutter.IdleMonitor",
    method: "GetIdletime",
  });
  return numberFromDbus(answer);
}

export interface IdleHelper {
  /** Undefined: it is not there, or has ended. */
  idleMs(): number | undefined;
  close(): void;
}

/** It says that nobody touches anything so long after the last input. */
const idleAfterMs = 1_000;
/** A worker that was killed cannot end it: it ends itself when nobody listens any more. */
const telling = (word: string) => `trap "" PIPE; echo ${word} || kill $PPID`;
export const swayidleArguments: readonly string[] = [
  ...["-w", "timeout", String(idleAfterMs / 1_000), telling("idle")],
  ...["resume", telling("active")],
];
/** One that has ended is started again at most this often. */
const restartMs = 60_000;

/** One long-lived program that says when input ends and begins, for compositors that offer nothing to ask. */
export function createSwayidle(deps: {
  readonly env: Env;
  readonly clock: Clock;
  readonly program?: string;
}): IdleHelper {
  const { env, clock, program = "swayidle" } = deps;
  let child: ChildProcess | undefined;
  let startedAtMs: number | undefined;
  let isClosed = false;
  /** When input was last seen for certain; undefined: somebody is at it now. */
  let lastInputMs: number | undefined;

  function start(): void {
    startedAtMs = clock.nowMs();
    lastInputMs = startedAtMs;
    const started = spawn(program, [...swayidleArguments], { env, stdio: ["ignore", "pipe", "ignore"] });
    child = started;
    started.on("error", () => {
      child = undefined;
    });
    started.on("exit", () => {
      child = undefined;
    });
    createInterface({ input: started.stdout }).on("line", (line) => {
      if (line === "idle") lastInputMs = clock.nowMs() - idleAfterMs;
      else if (line === "active") lastInputMs = undefined;
    });
  }

  return {
    idleMs() {
      const nowMs = clock.nowMs();
      const mayStart = startedAtMs === undefined || nowMs - startedAtMs >= restartMs;
      if (child === undefined && mayStart && !isClosed) start();
      if (child?.pid === undefined) return undefined;
      return lastInputMs === undefined ? 0 : nowMs - lastInputMs;
    },
    close() {
      isClosed = true;
      child?.kill("SIGKILL");
    },
  };
}
