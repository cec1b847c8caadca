import { readdir, stat } from "node:fs/promises";
import type { Clock } from "@muster/base";
import type { RunCommand } from "./run-command.ts";

/** Somebody who is logged in, as the login manager tells. */
export interface LoginSession {
  readonly uid: number | undefined;
  readonly isGraphical: boolean;
  /** Without `/dev/`; "" for none. */
  readonly tty: string;
  /** Of graphical ones, in Unix time: since when the desktop takes it for idle. Undefined: it does not. */
  readonly idleSinceMs: number | undefined;
}

const properties = ["User", "Class", "Type", "State", "TTY", "IdleHint", "IdleSinceHint"] as const;

/** Arguments of `loginctl` that `parseSessions` reads the answer to. */
function showSessions(ids: readonly string[]): string[] {
  return ["show-session", ...ids, ...properties.flatMap((property) => ["-p", property])];
}

/** The first word of each line of `loginctl list-sessions --no-legend`. */
export function parseSessionIds(text: string): string[] {
  return text.split("\n").flatMap((line) => /^\s*([A-Za-z0-9]{1,32})\s/.exec(line)?.[1] ?? []);
}

/** People's sessions; login screens and services are none. */
export function parseSessions(text: string): LoginSession[] {
  return text.split(/\n\s*\n/).flatMap((block) => {
    const fields = new Map(block.split("\n").map((line) => split(line)));
    if (!fields.get("Class")?.startsWith("user") || fields.get("State") === "closing") return [];
    const idleSinceUs = Number(fields.get("IdleSinceHint"));
    const isIdle = fields.get("IdleHint") === "yes" && idleSinceUs > 0;
    return {
      uid: /^\d+$/.test(fields.get("User") ?? "") ? Number(fields.get("User")) : undefined,
      isGraphical: ["x11", "wayland", "mir"].includes(fields.get("Type") ?? ""),
      tty: deviceName(fields.get("TTY") ?? ""),
      idleSinceMs: isIdle ? idleSinceUs / 1_000 : undefined,
    };
  });
}

/** Lines of `who`: a name, then the terminal or the display. */
export function parseWho(text: string): LoginSession[] {
  return text.split("\n").flatMap((line) => {
    const terminal = /^\S+\s+(\S+)\s/.exec(line)?.[1];
    if (terminal === undefined) return [];
    const isGraphical = /^(:\d|login$)/.test(terminal);
    return {
      uid: undefined,
      isGraphical,
      tty: isGraphical ? "" : deviceName(terminal),
      idleSinceMs: undefined,
    };
  });
}

/**
 * Since anybody's last input: Infinity where nobody is logged in. Undefined where a session has no sign of life at all
 * that could be read. `readAtMs`: when a terminal was typed at.
 */
export async function idleOfSessions(
  sessions: readonly LoginSession[],
  wallMs: number,
  readAtMs: (tty: string) => Promise<number | undefined>,
): Promise<number | undefined> {
  let idleMs = Number.POSITIVE_INFINITY;
  for (const session of sessions) {
    const lastMs = session.isGraphical ? (session.idleSinceMs ?? wallMs) : await readAtMs(session.tty);
    if (lastMs !== undefined) idleMs = Math.min(idleMs, Math.max(0, wallMs - lastMs));
    // One without a terminal runs a program and nobody types: a copy over SSH.
    else if (session.tty !== "") return undefined;
  }
  return idleMs;
}

/** Each login is noted here: a change is one of the sessions. */
const loginNotes = ["/run/systemd/sessions", "/run/utmp"];
const keptMs = 10_000;
/** Hints of desktops change without a note; and some machines note nothing. */
const keptShortMs = 2_000;

/** One that does not answer is not asked at each look: there is no systemd here. */
const loginctlRetryMs = 60_000;

/** Who is logged in, asked anew when that may have changed. Undefined: neither loginctl nor who tells. */
export function createSessionReader(
  run: RunCommand,
  clock: Clock,
): () => Promise<readonly LoginSession[] | undefined> {
  let kept:
    | { readonly sessions: readonly LoginSession[]; readonly atMs: number; readonly mark: string }
    | undefined;
  let noLoginctlAtMs: number | undefined;

  const readSessions = async (): Promise<readonly LoginSession[] | undefined> => {
    const isAsked = noLoginctlAtMs === undefined || clock.nowMs() - noLoginctlAtMs >= loginctlRetryMs;
    const told = isAsked ? await askLoginctl(run) : undefined;
    if (told !== undefined) {
      noLoginctlAtMs = undefined;
      return told;
    }
    if (isAsked) noLoginctlAtMs = clock.nowMs();
    const who = await run("who", []);
    return who === undefined ? undefined : [...parseWho(who), ...(await terminals())];
  };

  return async () => {
    const notes = await Promise.all(loginNotes.map((path) => stat(path).catch(() => undefined)));
    const mark = notes.map((note) => note?.mtimeMs ?? "").join();
    const isGraphical = kept?.sessions.some((session) => session.isGraphical) === true;
    const ageMs = kept === undefined ? Number.POSITIVE_INFINITY : clock.nowMs() - kept.atMs;
    const isNoted = notes.some((note) => note !== undefined);
    const limitMs = isGraphical || !isNoted ? keptShortMs : keptMs;
    if (kept !== undefined && kept.mark === mark && ageMs < limitMs) return kept.sessions;
    const sessions = await readSessions();
    kept = sessions && { sessions, atMs: clock.nowMs(), mark };
    return sessions;
  };
}

async function askLoginctl(run: RunCommand): Promise<readonly LoginSession[] | undefined> {
  const list = await run("loginctl", ["list-sessions", "--no-legend"]);
  if (list === undefined) return undefined;
  const ids = parseSessionIds(list);
  if (ids.length === 0) return [];
  const shown = await run("loginctl", showSessions(ids));
  return shown === undefined ? undefined : parseSessions(shown);
}

/** Terminals that nobody has logged in at: of containers, and of programs that note no login. */
async function terminals(): Promise<LoginSession[]> {
  const names = await readdir("/dev/pts").catch(() => []);
  return names
    .filter((name) => /^\d{1,7}$/.test(name))
    .map((name) => ({ uid: undefined, isGraphical: false, tty: `pts/${name}`, idleSinceMs: undefined }));
}

/** A terminal's device is read when somebody types. */
export async function terminalReadAt(tty: string): Promise<number | undefined> {
  if (tty === "") return undefined;
  return (await stat(`/dev/${tty}`).catch(() => undefined))?.atimeMs;
}

function split(line: string): [name: string, value: string] {
  const at = line.indexOf("=");
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

/** A device's name, and nothing that leads elsewhere. */
function deviceName(text: string): string {
  const name = text.replace(/^\/dev\//, "");
  return /^(tty[A-Za-z0-9]{1,12}|pts\/\d{1,7}|console)$/.test(name) ? name : "";
}
