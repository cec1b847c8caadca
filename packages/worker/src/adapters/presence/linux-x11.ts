import { callSession, numberFromDbus } from "./d-bus.ts";
import type { RunCommand } from "./run-command.ts";
import { type Way, wholeNumberIn } from "./ways.ts";

/** What somebody can do where no way works. */
export const x11Fix = "install xprintidle (apt install xprintidle), and start the worker inside the session.";

/** Since the last input of an X11 session: each of these programs asks the screen saver extension. */
export function x11IdleWays(run: RunCommand): Way<number>[] {
  return [
    async () => wholeNumberIn(await run("xprintidle", [])),
    async () => wholeNumberIn(await run("xssstate", ["-i"])),
    () => screenSaverIdle(run),
  ];
}

/** Desktops that speak org.freedesktop.ScreenSaver. Some give seconds: that looks shorter than it is, which is safe. */
export async function screenSaverIdle(run: RunCommand): Promise<number | undefined> {
  const answer = await callSession(run, {
    service: "org.freedesktop.ScreenSaver",
    path: "/org/freedesktop/ScreenSaver",
    interface: "org.freedesktop.ScreenSaver",
    method: "GetSessionIdleTime",
  });
  return numberFromDbus(answer);
}
