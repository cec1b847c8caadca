import { rm, stat, statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { type Clock, type Log, MusterError, systemClock } from "@muster/base";
import { defaultReserveBytes, type EvictionCandidate, planEviction } from "../../core/eviction.ts";
import type { ModelShelf, ShelfSpace, ShelvedFile } from "../../ports/model-shelf.ts";
import { partPath } from "../common/part-file.ts";
import { manifestPath } from "./manifest.ts";
import { type FoundPart, scanModels } from "./scan-models.ts";
import { readUseNote, type UseNote, useNotePath, writeUseNote } from "./use-note.ts";

export interface DiskModelShelfOptions {
  readonly directory: string;
  /** What model files may take in all; undefined: a tenth of the disk, at most 20 GB, stays free. */
  readonly budgetBytes: number | undefined;
  readonly log: Log;
  readonly clock?: Clock;
  /** Sources that stay: what is loaded, or wanted by name. */
  readonly isKept?: (source: string) => boolean;
  readonly disk?: (directory: string) => Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
  /** Names this process to others that share the directory. */
  readonly self?: string;
}

/** Another process that holds a file says so again within this time, or is taken for gone. */
const holderSilentMs = 15 * 60_000;
/** Whoever fetches renews the lock every few seconds: an older one was left by a process that has died. */
const lockSilentMs = 10 * 60_000;
/** Kept free where people have set a budget. */
const leastReserveBytes = 64 * 1024 * 1024;

/** Counts what the files of a model directory take, and makes room. What people put there themselves is never touched. */
export class DiskModelShelf implements ModelShelf {
  readonly #options: DiskModelShelfOptions;
  readonly #clock: Clock;
  readonly #self: string;
  readonly #held = new Map<string, number>();
  /** Room that was promised to files on their way, by where they go. */
  readonly #promised = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DiskModelShelfOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#self = options.self ?? `${hostname()}:${process.pid}`;
  }

  async files(): Promise<readonly ShelvedFile[]> {
    const { models } = await scanModels(this.#options.directory);
    return await Promise.all(
      models.map(async ({ path, manifest, modifiedMs }) => {
        const note = await readUseNote(path);
        const { source, bytes, sha256 } = manifest;
        return {
          ...{ source, path, bytes, sha256 },
          lastUsedMs: note?.lastUsedMs ?? modifiedMs,
          isPinned: note?.isPinned ?? false,
          isHeld: this.#isHeld(path, source, note),
        };
      }),
    );
  }

  async space(): Promise<ShelfSpace> {
    const { models, parts } = await scanModels(this.#options.directory);
    const { freeBytes } = await this.#disk();
    return {
      freeDiskBytes: freeBytes,
      usedBytes: sumOf(models.map(({ manifest }) => manifest.bytes)) + sumOf(parts.map(({ bytes }) => bytes)),
      budgetBytes: this.#options.budgetBytes,
    };
  }

  makeRoom(target: string, totalBytes: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#evict(target, totalBytes);
      this.#promised.set(target, totalBytes);
    });
  }

  settle(target: string): void {
    this.#promised.delete(target);
  }

  trim(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#evict(undefined, 0).catch((error: unknown) => {
        this.#options.log.warn({ reason: MusterError.from(error).message }, "model files take too much room");
      });
    });
  }

  hold(path: string): () => void {
    this.#held.set(path, (this.#held.get(path) ?? 0) + 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      const others = (this.#held.get(path) ?? 1) - 1;
      if (others > 0) this.#held.set(path, others);
      else this.#held.delete(path);
    };
  }

  async touch(path: string): Promise<void> {
    const nowMs = this.#clock.wallMs();
    const others = Object.entries((await readUseNote(path))?.holders ?? {}).filter((each) =>
      this.#holds(each),
    );
    const holders = { ...Object.fromEntries(others), [this.#self]: nowMs };
    await this.#note(path, { lastUsedMs: nowMs, holders });
  }

  async setPinned(path: string, isPinned: boolean): Promise<void> {
    await this.#note(path, { isPinned });
  }

  remove(path: string): Promise<"removed" | "held" | "missing"> {
    return this.#inTurn(async () => {
      const found = (await this.files()).find((file) => file.path === path);
      if (found === undefined) return "missing";
      if (found.isHeld) return "held";
      await this.#delete(path);
      return "removed";
    });
  }

  async #evict(target: string | undefined, totalBytes: number): Promise<void> {
    const { log, budgetBytes, directory } = this.#options;
    const files = (await this.files()).filter(({ path }) => path !== target);
    const { parts } = await scanModels(directory);
    const disk = await this.#disk();
    const partBytes = new Map(parts.map((part) => [part.target, part.bytes]));
    const promised = [...this.#promised].filter(([to]) => to !== target);
    // Of a file on its way all of it counts; on the disk, only what has yet to come.
    const waiting = parts.filter((part) => part.target !== target && !this.#promised.has(part.target));
    const toComeBytes = sumOf(promised.map(([to, bytes]) => Math.max(0, bytes - (partBytes.get(to) ?? 0))));
    const here = target === undefined ? 0 : (partBytes.get(target) ?? 0);
    const candidates = [...files.map(candidateOf), ...waiting.map((part) => this.#candidateOfPart(part))];
    const plan = planEviction(candidates, {
      neededBytes: totalBytes - here,
      usedBytes:
        sumOf(candidates.map(({ bytes }) => bytes)) + sumOf(promised.map(([, bytes]) => bytes)) + here,
      budgetBytes,
      freeDiskBytes: disk.freeBytes - toComeBytes,
      reserveBytes: budgetBytes === undefined ? defaultReserveBytes(disk.totalBytes) : leastReserveBytes,
    });
    if (plan.kind === "no-room") throw this.#full(totalBytes, plan.missingBytes, candidates);
    for (const path of plan.remove) {
      log.info(
        { path, bytes: candidates.find(({ id }) => id === path)?.bytes },
        "model file removed for room",
      );
      await this.#delete(path);
    }
  }

  #candidateOfPart({ target, bytes, modifiedMs, lockedMs }: FoundPart): EvictionCandidate {
    const isLocked = lockedMs !== undefined && this.#clock.wallMs() - lockedMs < lockSilentMs;
    const isKept = isLocked || this.#held.has(target);
    return { id: partPath(target), bytes, lastUsedMs: modifiedMs, isKept };
  }

  #full(totalBytes: number, missingBytes: number, candidates: readonly EvictionCandidate[]): MusterError {
    const { budgetBytes, directory } = this.#options;
    const keptBytes = sumOf(candidates.filter(({ isKept }) => isKept).map(({ bytes }) => bytes));
    const limit = budgetBytes === undefined ? "the disk" : `the budget of ${budgetBytes} bytes`;
    return new MusterError(
      "store_full",
      `A model file of ${totalBytes} bytes has no place in ${directory}: ${limit} is short of ${missingBytes} bytes, and ` +
        `${keptBytes} are taken by models that are loaded, pinned or on their way. Unload or remove some, or raise the budget.`,
    );
  }

  #isHeld(path: string, source: string, note: UseNote | undefined): boolean {
    if (this.#held.has(path) || this.#options.isKept?.(source) === true) return true;
    return Object.entries(note?.holders ?? {}).some((each) => this.#holds(each));
  }

  /** Whether it is another process, and has it in use still. */
  #holds([holder, saidAtMs]: readonly [string, number]): boolean {
    const isRecent = this.#clock.wallMs() - saidAtMs < holderSilentMs;
    return holder !== this.#self && isRecent && mayBeAlive(holder);
  }

  async #note(path: string, change: Partial<UseNote>): Promise<void> {
    const known = await readUseNote(path);
    const unused: UseNote = { lastUsedMs: this.#clock.wallMs(), isPinned: false, holders: {} };
    await writeUseNote(path, { ...unused, ...known, ...change }).catch((error: unknown) => {
      this.#options.log.warn({ path, reason: String(error) }, "the use of a model file cannot be noted");
    });
  }

  /** The manifest last: a file without one would not be taken for ours any more. */
  async #delete(path: string): Promise<void> {
    for (const each of [path, useNotePath(path), manifestPath(path)]) await rm(each, { force: true });
  }

  async #disk(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    const { directory, disk } = this.#options;
    if (disk !== undefined) return await disk(directory);
    const { bavail, blocks, bsize } = await statfs(await nearestFolder(directory));
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }

  /** One after the other: two that look for room at once would count on the same bytes. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task);
    this.#last = mine.catch(() => {});
    return mine;
  }
}

/** False for a process of this machine that has ended. */
function mayBeAlive(holder: string): boolean {
  const [, host, pid] = /^(.*):(\d+)$/.exec(holder) ?? [];
  if (host !== hostname() || Number(pid) < 1) return true;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** The directory itself once something has been fetched; till then the folder that it will be in. */
async function nearestFolder(directory: string): Promise<string> {
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    const isThere = await stat(folder).then(
      () => true,
      () => false,
    );
    if (isThere || folder === dirname(folder)) return folder;
  }
}

function candidateOf({ path, bytes, lastUsedMs, isPinned, isHeld }: ShelvedFile): EvictionCandidate {
  return { id: path, bytes, lastUsedMs, isKept: isPinned || isHeld };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
