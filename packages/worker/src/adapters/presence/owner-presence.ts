import { type Clock, type Env, systemClock } from "@muster/base";
import type { OwnerPresence } from "../../ports/owner-presence.ts";
import { fullScreenFixes, waylandFullScreenWays, x11FullScreenWays } from "./full-screen.ts";
import { createSessionReader, idleOfSessions, type LoginSession, terminalReadAt } from "./linux-console.ts";
import { createSwayidle, waylandFix, waylandIdleWays } from "./linux-wayland.ts";
import { x11Fix, x11IdleWays } from "./linux-x11.ts";
import {
  assertionArguments,
  batteryArguments,
  ioregArguments,
  parseAssertions,
  parseIoregIdle,
} from "./macos.ts";
import { isOnAcPower, parsePmsetPower, readPowerSupplies } from "./power.ts";
import { createRunCommand, type RunCommand } from "./run-command.ts";
import { firstAnswer, keptFor, readingOf } from "./ways.ts";
import { createWindowsHelper, type WindowsHelper } from "./windows.ts";

export interface PresenceOptions {
  readonly platform: NodeJS.Platform;
  readonly env: Env;
  /** The user that the worker runs as; undefined on Windows. */
  readonly uid: number | undefined;
  readonly clock?: Clock;
  readonly run?: RunCommand;
  readonly windows?: WindowsHelper;
}

/** Nobody begins a film or pulls a plug without touching the machine: these are looked at less often. */
const slowMs = 5_000;

/** Looks at whatever tells on this platform. */
export function createOwnerPresence(options: PresenceOptions): OwnerPresence {
  switch (options.platform) {
    case "linux":
      return createLinuxPresence(options);
    case "darwin":
      return createMacPresence(options);
    case "win32":
      return createWindowsPresence(options);
    default: {
      const why = `Muster knows no way to see it on ${options.platform}. Use --lend schedule or --lend always.`;
      const unknown = { kind: "unknown", why } as const;
      return {
        look: async () => ({ idleMs: unknown, isFullScreen: unknown, isOnAcPower: unknown }),
        close: async () => {},
      };
    }
  }
}

type Desktop = "x11" | "wayland";

function createLinuxPresence({ env, uid, clock = systemClock, run }: PresenceOptions): OwnerPresence {
  const ask = run ?? createRunCommand(env);
  const desktop = desktopOf(env);
  const swayidle = createSwayidle({ env, clock });
  const readSessions = createSessionReader(ask, clock);
  const desktopIdle =
    desktop === undefined
      ? undefined
      : firstAnswer(desktop === "x11" ? x11IdleWays(ask) : waylandIdleWays(ask, swayidle), clock);
  const fullScreenWays =
    desktop === "x11" ? x11FullScreenWays(ask, clock) : waylandFullScreenWays(ask, env, clock);
  const fullScreen = keptFor(slowMs, firstAnswer(fullScreenWays, clock), clock);
  const power = keptFor(slowMs, async () => isOnAcPower(await readPowerSupplies()), clock);

  return {
    async look() {
      const wallMs = clock.wallMs();
      const [sessions, ownIdleMs, isFull, isOnAc] = await Promise.all([
        readSessions(),
        desktopIdle?.(),
        desktop === undefined ? undefined : fullScreen(),
        power(),
      ]);
      return {
        idleMs: await linuxIdle({ desktop, sessions, ownIdleMs, uid, wallMs }),
        isFullScreen:
          desktop === undefined ? withoutDesktop(sessions) : readingOf(isFull, fullScreenFixes[desktop]),
        isOnAcPower: readingOf(isOnAc, "/sys/class/power_supply does not tell."),
      };
    },
    close: async () => swayidle.close(),
  };
}

/** X11 programs under Wayland see only what happens in their own windows: what Wayland says goes first. */
function desktopOf(env: Env): Desktop | undefined {
  if (env["WAYLAND_DISPLAY"] || env["XDG_SESSION_TYPE"] === "wayland") return "wayland";
  return env["DISPLAY"] ? "x11" : undefined;
}

/** The least of what our own desktop says and of everybody else who is logged in. */
async function linuxIdle(seen: {
  readonly desktop: Desktop | undefined;
  readonly sessions: readonly LoginSession[] | undefined;
  readonly ownIdleMs: number | undefined;
  readonly uid: number | undefined;
  readonly wallMs: number;
}) {
  const { desktop, sessions, ownIdleMs, uid, wallMs } = seen;
  if (desktop !== undefined && ownIdleMs === undefined && sessions === undefined)
    return readingOf<number>(undefined, desktop === "x11" ? x11Fix : waylandFix);
  // Without a login manager a desktop that tells is enough.
  if (sessions === undefined)
    return readingOf(ownIdleMs, "install systemd-logind or who, or start the worker inside the session.");
  const others =
    ownIdleMs === undefined
      ? sessions
      : sessions.filter(({ isGraphical, uid: theirs }) => !isGraphical || (theirs ?? uid) !== uid);
  const sessionsIdleMs = await idleOfSessions(others, wallMs, terminalReadAt);
  if (desktop !== undefined && ownIdleMs === undefined && !sessions.some((session) => session.isGraphical))
    return readingOf<number>(undefined, desktop === "x11" ? x11Fix : waylandFix);
  const idleMs =
    sessionsIdleMs === undefined
      ? undefined
      : Math.min(sessionsIdleMs, ownIdleMs ?? Number.POSITIVE_INFINITY);
  return readingOf(idleMs, "a session has a terminal whose /dev entry cannot be read.");
}

/** Seen from outside of a desktop: one that its login manager takes for idle shows no film. */
function withoutDesktop(sessions: readonly LoginSession[] | undefined) {
  const why =
    "start the worker inside the desktop's session, or the desktop must tell logind when it is idle.";
  const isShown = sessions?.some(({ isGraphical, idleSinceMs }) => isGraphical && idleSinceMs === undefined);
  return readingOf(isShown === false ? false : undefined, why);
}

function createMacPresence({ env, clock = systemClock, run }: PresenceOptions): OwnerPresence {
  const ask = run ?? createRunCommand(env);
  const awake = keptFor(
    slowMs,
    async () => parseAssertions((await ask("pmset", assertionArguments)) ?? ""),
    clock,
  );
  const power = keptFor(
    slowMs,
    async () => parsePmsetPower((await ask("pmset", batteryArguments)) ?? ""),
    clock,
  );
  return {
    async look() {
      const [idle, isAwake, isOnAc] = await Promise.all([ask("ioreg", ioregArguments), awake(), power()]);
      return {
        idleMs: readingOf(parseIoregIdle(idle ?? ""), "ioreg does not tell; it should be in /usr/sbin."),
        isFullScreen: readingOf(isAwake, "pmset does not tell; it should be in /usr/bin."),
        isOnAcPower: readingOf(isOnAc, "pmset does not tell; it should be in /usr/bin."),
      };
    },
    close: async () => {},
  };
}

function createWindowsPresence({ env, clock = systemClock, windows }: PresenceOptions): OwnerPresence {
  const helper = windows ?? createWindowsHelper({ env, clock });
  return {
    async look() {
      const answer = await helper.ask();
      const why =
        answer?.isService === true
          ? "a service sees nobody's input: start the worker in the owner's session, at logon."
          : "Windows PowerShell does not answer; powershell.exe must be on PATH.";
      const seen = answer?.isService === true ? undefined : answer;
      return {
        idleMs: readingOf(seen?.idleMs, why),
        isFullScreen: readingOf(seen?.isFullScreen, why),
        isOnAcPower: readingOf(answer?.isOnAcPower, why),
      };
    },
    close: async () => helper.close(),
  };
}
