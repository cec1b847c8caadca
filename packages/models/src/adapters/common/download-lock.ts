import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { type Clock, type Log, pause } from "@muster/base";

const pollMs = 200;
const heartbeatMs = 5_000;
/** A holder that has not touched its lock for this long is dead, or its number went to another process. */
const silentMs = 30_000;

/** Tokens of the locks that this process holds: a lock with our process number and another token is from the past. */
const heldHere = new Set<string>();

interface LockRecord {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

export interface DownloadLock {
  readonly hasWaited: boolean;
  /** False where the lock was taken from a holder that may still write: its unfinished file must not be shared. */
  readonly mayResume: boolean;
  release(): Promise<void>;
}

export interface LockOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Runs now and then while another process holds the lock. */
  readonly onWait: () => Promise<void>;
}

/**
 * Takes the lock file at `path`, waiting while a living process holds it. Gives undefined once `signal` fires.
 * The holder renews the file's time, so that a crash (or a restart under the same number) frees the lock.
 */
export async function takeDownloadLock(
  path: string,
  options: LockOptions,
): Promise<DownloadLock | undefined> {
  const record: LockRecord = { pid: process.pid, host: hostname(), token: randomUUID() };
  let hasWaited = false;
  let mayResume = true;
  while (!options.signal.aborted) {
    if (await tryCreate(path, record)) return hold(path, record, { options, hasWaited, mayResume });
    const state = await judge(path, options.clock.wallMs());
    if (state.kind === "gone") continue;
    if (state.kind === "held") {
      hasWaited = true;
      await options.onWait();
      await pause(options.clock, pollMs, options.signal);
      continue;
    }
    options.log.warn({ lock: path, holder: state.kind }, "download lock of a dead process removed");
    if (state.kind === "silent") mayResume = false;
    await remove(path, state.content);
  }
  return undefined;
}

async function tryCreate(path: string, record: LockRecord): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o600);
    heldHere.add(record.token);
    try {
      await file.writeFile(JSON.stringify(record));
    } catch (error) {
      // A full disk, say. An empty lock would hold up the next try, and cost it what has arrived.
      heldHere.delete(record.token);
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

function hold(
  path: string,
  record: LockRecord,
  state: { options: LockOptions; hasWaited: boolean; mayResume: boolean },
): DownloadLock {
  const { clock, log } = state.options;
  let stopTimer = () => {};
  const beat = () => {
    stopTimer = clock.after(heartbeatMs, () => {
      const now = new Date(clock.wallMs());
      utimes(path, now, now).catch((error: unknown) => {
        log.debug({ lock: path, error: String(error) }, "download lock could not be renewed");
      });
      beat();
    });
  };
  beat();
  return {
    hasWaited: state.hasWaited,
    mayResume: state.mayResume,
    async release() {
      stopTimer();
      heldHere.delete(record.token);
      if (parseRecord(await readText(path))?.token === record.token) await rm(path, { force: true });
    },
  };
}

type Judgement =
  | { readonly kind: "gone" }
  | { readonly kind: "held" }
  /** `dead`: no such process. `silent`: perhaps asleep, perhaps dead on another machine. */
  | { readonly kind: "dead"; readonly content: string }
  | { readonly kind: "silent"; readonly content: string };

async function judge(path: string, nowMs: number): Promise<Judgement> {
  const content = await readText(path);
  const touchedMs = await stat(path).then(
    (found) => found.mtimeMs,
    () => undefined,
  );
  if (content === undefined || touchedMs === undefined) return { kind: "gone" };
  const record = parseRecord(content);
  if (record?.host === hostname()) {
    const isAlive = record.pid === process.pid ? heldHere.has(record.token) : isRunning(record.pid);
    if (!isAlive) return { kind: "dead", content };
  }
  return nowMs - touchedMs > silentMs ? { kind: "silent", content } : { kind: "held" };
}

/**
 * Moves the lock aside before deleting it: of two that find it stale, the slower one would else delete the lock that
 * the faster one has just taken. Whoever moved a fresh lock puts it back.
 */
async function remove(path: string, staleContent: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  if ((await readText(aside)) !== staleContent) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}

function parseRecord(content: string | undefined): LockRecord | undefined {
  try {
    const value: unknown = JSON.parse(content ?? "");
    if (typeof value !== "object" || value === null) return undefined;
    const { pid, host, token } = value as Readonly<Record<string, unknown>> as {
      [K in keyof LockRecord]: unknown;
    };
    if (!Number.isSafeInteger(pid) || typeof host !== "string" || typeof token !== "string") return undefined;
    // 0 and negative numbers would ask about whole process groups.
    return Number(pid) > 0 ? { pid: Number(pid), host, token } : undefined;
  } catch {
    return undefined;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
