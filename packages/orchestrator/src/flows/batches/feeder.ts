import type { Clock, Log } from "@muster/base";
import type { BatchRecord } from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { isDone } from "../../core/batches/line-bits.ts";
import { type LineEntry, lineEntryBytes, readLineEntries } from "../../core/batches/line-index.ts";
import type { LinesRef } from "../../core/job.ts";
import { linesPerJob } from "../../core/scheduling/lane-shares.ts";
import type { JobQueue, LaneLines, LaneShare } from "../../ports/job-queue.ts";
import type { ObjectStore } from "../../ports/object-store.ts";

/** Entries of the index that are looked at together; lines that begin alike are put together within them. */
const chunkLines = 4_096;
const putAtOnce = 500;
/** A line that was put this long ago and is not done may have been lost with the store. */
const putAgainMs = 30_000;
const minWindow = 32;
const maxWindow = 4_096;
/** The cost of a line is counted in these, as far as it can be foreseen. */
const averageLineTokens = 256;
const costBounds = { least: 0.25, most: 64 };
const rateSmoothing = 0.5;

type NumberedEntry = LineEntry & { readonly line: number };

/** Lines that are one job in the lane. */
interface Parcel {
  readonly lines: readonly NumberedEntry[];
  /** Monotonic; undefined: not yet. */
  putAtMs: number | undefined;
}

interface ModelFeed {
  readonly model: string;
  readonly number: number;
  /** Lines of it that are done, as far as they were looked at. */
  done: number;
  /** The first line that has not been looked at. */
  next: number;
  readonly pending: NumberedEntry[];
  /** In the lane or being run, by their numbers. */
  readonly out: Map<number, Parcel>;
  doneSinceTick: number;
  linesPerTick: number;
}

interface FeederDeps {
  readonly store: ObjectStore;
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly log: Log;
  /** Of a model, everywhere. */
  readonly slots: (model: string) => number;
  /** What a batch may take of a lane. */
  readonly shareOf: (record: BatchRecord) => LaneShare;
}

/** What a batch has still to do: a bounded number of its lines is in the lanes at any time. */
export class BatchFeeder {
  readonly gen: number;
  readonly #deps: FeederDeps;
  readonly #record: BatchRecord;
  readonly #lines: number;
  readonly #feeds: readonly ModelFeed[];
  #done: Uint8Array;
  #isFeeding = false;
  #wantsFeeding = false;

  constructor(
    deps: FeederDeps,
    batch: {
      readonly record: BatchRecord;
      readonly models: readonly string[];
      readonly lines: number;
      readonly gen: number;
      /** As the ledger has it. */
      readonly done: Uint8Array;
    },
  ) {
    this.#deps = deps;
    this.#record = batch.record;
    this.#lines = batch.lines;
    this.gen = batch.gen;
    this.#done = batch.done;
    this.#feeds = batch.models.map((model, number) => ({
      model,
      number,
      done: 0,
      next: 0,
      pending: [],
      out: new Map(),
      doneSinceTick: 0,
      linesPerTick: 0,
    }));
  }

  /** Lines in the lanes or being run. */
  get out(): number {
    return this.#feeds.reduce((sum, { out }) => sum + out.size, 0);
  }

  /** How many lines of a model are known to be done. */
  doneOf(model: string): number {
    return this.#feeds.find((feed) => feed.model === model)?.done ?? 0;
  }

  /** True once every line has been put. */
  get isAtEnd(): boolean {
    return this.#feeds.every(({ next, pending }) => next >= this.#lines && pending.length === 0);
  }

  /** A line was answered. True if it is time to feed again. */
  lineDone(line: number): boolean {
    for (const feed of this.#feeds) {
      if (!feed.out.delete(line)) continue;
      feed.done += 1;
      feed.doneSinceTick += 1;
      return feed.out.size <= this.#window(feed) / 2;
    }
    return false;
  }

  /** Called twice a second: speeds are measured by it. */
  tick(): void {
    for (const feed of this.#feeds) {
      feed.linesPerTick += rateSmoothing * (feed.doneSinceTick - feed.linesPerTick);
      feed.doneSinceTick = 0;
    }
  }

  /** Takes note of what others have done, as the ledger has it. */
  noteDone(done: Uint8Array): void {
    this.#done = done;
    for (const feed of this.#feeds) {
      for (const line of feed.out.keys()) {
        if (!isDone(done, line)) continue;
        feed.out.delete(line);
        feed.done += 1;
        feed.doneSinceTick += 1;
      }
    }
  }

  /** Fills the window. Calls that come meanwhile are carried out once more at the end. */
  async feed(): Promise<void> {
    this.#wantsFeeding = true;
    if (this.#isFeeding) return;
    this.#isFeeding = true;
    try {
      while (this.#wantsFeeding) {
        this.#wantsFeeding = false;
        for (const feed of this.#feeds) await this.#feedModel(feed);
      }
    } finally {
      this.#isFeeding = false;
    }
  }

  /** Puts again what was put long ago, or all where the lanes may have been lost: what is there stays as it is. */
  async putAgain(everything: boolean): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    for (const feed of this.#feeds) {
      const lost = [...new Set(feed.out.values())].filter(
        ({ putAtMs = nowMs }) => everything || nowMs - putAtMs > putAgainMs,
      );
      await this.#put(feed, lost);
    }
  }

  async #feedModel(feed: ModelFeed): Promise<void> {
    let room = this.#window(feed) - feed.out.size;
    while (room > 0) {
      if (feed.pending.length === 0) {
        if (feed.next >= this.#lines) return;
        await this.#readChunk(feed);
        continue;
      }
      const lines = feed.pending.splice(0, Math.min(room, putAtOnce));
      room -= lines.length;
      const size = linesPerJob(this.#deps.slots(feed.model));
      const parcels: Parcel[] = [];
      for (let at = 0; at < lines.length; at += size)
        parcels.push({ lines: lines.slice(at, at + size), putAtMs: undefined });
      await this.#put(feed, parcels);
    }
  }

  async #put(feed: ModelFeed, parcels: readonly Parcel[]): Promise<void> {
    if (parcels.length === 0) return;
    const { queue, clock, shareOf } = this.#deps;
    const laneLines = parcels.map((parcel): LaneLines => {
      const isNew = parcel.putAtMs === undefined;
      parcel.putAtMs = clock.nowMs();
      // Of one that is put again, lines that are done stay out of the count, and its cost was paid.
      if (isNew) for (const { line } of parcel.lines) feed.out.set(line, parcel);
      return { ref: this.#refOf(parcel), cost: isNew ? costOf(parcel) : 0 };
    });
    await queue.putLines({ model: feed.model, class: "batch" }, shareOf(this.#record), laneLines);
  }

  #refOf({ lines }: Parcel): LinesRef {
    const places = lines.map(({ line, offset, length, prefix }) => ({ line, offset, length, prefix }));
    return { batchId: this.#record.id, gen: this.gen, round: 0, lines: places };
  }

  async #readChunk(feed: ModelFeed): Promise<void> {
    const first = feed.next;
    const range = { offset: first * lineEntryBytes, length: chunkLines * lineEntryBytes };
    const bytes = await this.#deps.store.get(objectKeys.lineIndex(this.#record.id), range);
    const entries = readLineEntries(bytes ?? new Uint8Array());
    feed.next = entries.length === 0 ? this.#lines : first + entries.length;
    const mine = entries
      .map((entry, index) => ({ ...entry, line: first + index }))
      .filter(({ model }) => model === feed.number);
    const open = mine.filter(({ line }) => !isDone(this.#done, line));
    feed.done += mine.length - open.length;
    feed.pending.push(...grouped(open));
  }

  /** Enough that no slot waits for us, whatever the lines take: twice what was done in the last second. */
  #window({ model, linesPerTick }: ModelFeed): number {
    const wanted = Math.max(4 * this.#deps.slots(model) + minWindow, 4 * linesPerTick);
    return Math.min(maxWindow, Math.ceil(wanted));
  }
}

function costOf({ lines }: Parcel): number {
  const { least, most } = costBounds;
  return lines.reduce(
    (sum, { estimatedTokens }) => sum + Math.min(most, Math.max(least, estimatedTokens / averageLineTokens)),
    0,
  );
}

/** Lines that begin alike one after the other, in the order in which each group first comes. */
function grouped<T extends { readonly prefix: number }>(lines: readonly T[]): T[] {
  const groups = new Map<number, T[]>();
  let alone = -1;
  for (const line of lines) {
    const key = line.prefix === 0 ? alone-- : line.prefix;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [line]);
    else group.push(line);
  }
  return [...groups.values()].flat();
}
