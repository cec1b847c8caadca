import {
  type Clock,
  type KeptLine,
  keptLine,
  type LineLevel,
  LineRing,
  type LogFields,
  sizeOfLine,
} from "@muster/base";
import { isWanted, type LineFilter, ownSource, type ShownLine, sourceOf } from "../core/log-query.ts";

/** Of our own log. Lines for finding faults are many: they have a ring of their own, and push nothing else out. */
const own = { maxLines: 2_000, maxBytes: 2 * 1024 * 1024 };
/** Of each worker. */
const ofWorker = { maxLines: 500, maxBytes: 256 * 1024 };
/** Of all workers; those that have been silent for longest go first. */
const maxWorkerBytes = 32 * 1024 * 1024;
/** A worker sends 20 a second; what one keeps back while its link is down may come at once. */
const linesPerSecond = 50;
const burst = 500;

interface NumberedLine {
  /** In the order in which they came. */
  readonly number: number;
  readonly line: ShownLine;
}

/** What is kept of one worker's lines. */
interface WorkerShelf {
  readonly ring: LineRing<NumberedLine>;
  allowance: number;
  sinceMs: number;
  /** Not told yet. */
  dropped: number;
}

/** The newest lines of this orchestrator's log and of its workers', for `muster logs`. It logs nothing itself. */
export class LogShelf {
  readonly #clock: Clock;
  readonly #own = { debug: new LineRing<NumberedLine>(own), rest: new LineRing<NumberedLine>(own) };
  readonly #workers = new Map<string, WorkerShelf>();
  readonly #followers = new Set<(line: ShownLine) => void>();
  #workerBytes = 0;
  #number = 0;

  constructor(deps: { readonly clock: Clock }) {
    this.#clock = deps.clock;
  }

  /** A line of our own log. */
  add(level: LineLevel, fields: LogFields, words: string): void {
    const line = keptLine({ atMs: this.#clock.wallMs(), level, words, fields });
    this.#put(level === "debug" ? this.#own.debug : this.#own.rest, { ...line, source: ownSource });
  }

  /** Lines that a worker has sent; `dropped`: what it has left out. More than its share is counted, and not kept. */
  addOfWorker(
    worker: { readonly id: string; readonly name: string },
    lines: readonly KeptLine[],
    dropped: number,
  ): void {
    const shelf = this.#shelfOf(worker.id);
    const source = sourceOf(worker.name);
    shelf.dropped += dropped;
    for (const line of lines) {
      if (this.#mayAdd(shelf)) this.#addTo(shelf, { ...line, source });
      else shelf.dropped += 1;
    }
    if (shelf.dropped === 0 || !this.#mayAdd(shelf)) return;
    const fields = { dropped: shelf.dropped };
    shelf.dropped = 0;
    const words = "lines of this worker were left out: there were too many";
    this.#addTo(shelf, { ...{ atMs: this.#clock.wallMs(), level: "warn", words, fields }, source });
  }

  /** The newest `limit` that are wanted, oldest first. */
  list(filter: LineFilter, limit: number): readonly ShownLine[] {
    const rings = [...Object.values(this.#own), ...[...this.#workers.values()].map(({ ring }) => ring)];
    const wanted = rings.flatMap((ring) => ring.lines().filter(({ line }) => isWanted(line, filter)));
    wanted.sort((a, b) => a.line.atMs - b.line.atMs || a.number - b.number);
    return wanted.slice(-limit).map(({ line }) => line);
  }

  /** Calls `tell` with each line from now on; the result ends that. */
  follow(tell: (line: ShownLine) => void): () => void {
    this.#followers.add(tell);
    return () => void this.#followers.delete(tell);
  }

  #shelfOf(workerId: string): WorkerShelf {
    const nowMs = this.#clock.nowMs();
    const shelf: WorkerShelf = this.#workers.get(workerId) ?? {
      ring: new LineRing<NumberedLine>(ofWorker),
      ...{ allowance: burst, sinceMs: nowMs, dropped: 0 },
    };
    const earned = ((nowMs - shelf.sinceMs) * linesPerSecond) / 1_000;
    shelf.allowance = Math.min(burst, shelf.allowance + earned);
    shelf.sinceMs = nowMs;
    // The last to speak is the last to go.
    this.#workers.delete(workerId);
    this.#workers.set(workerId, shelf);
    return shelf;
  }

  #mayAdd(shelf: WorkerShelf): boolean {
    if (shelf.allowance < 1) return false;
    shelf.allowance -= 1;
    return true;
  }

  #addTo({ ring }: WorkerShelf, line: ShownLine): void {
    this.#workerBytes -= ring.bytes;
    this.#put(ring, line);
    this.#workerBytes += ring.bytes;
    for (const [id, silent] of this.#workers) {
      if (this.#workerBytes <= maxWorkerBytes) return;
      this.#workers.delete(id);
      this.#workerBytes -= silent.ring.bytes;
    }
  }

  #put(ring: LineRing<NumberedLine>, line: ShownLine): void {
    ring.push({ number: this.#number++, line }, sizeOfLine(line));
    for (const tell of this.#followers) tell(line);
  }
}
