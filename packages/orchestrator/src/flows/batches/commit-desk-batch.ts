import { type Clock, type Log, MusterError, pause } from "@muster/base";
import type { LineResult, ResultPointer } from "../../core/batches/line-result.ts";
import { type CommitToWrite, encodeGroup } from "../../core/batches/segment-record.ts";
import type { CommitLedger, Verdict } from "../../ports/commit-ledger.ts";
import type { Digest } from "../../ports/digest.ts";
import type { AppendLog } from "../../ports/object-store.ts";
import { toPiecePointer } from "./segment-scan.ts";

interface Deps {
  readonly ledger: CommitLedger;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly log: Log;
}

interface Waiting {
  readonly result: LineResult;
  readonly sha256: string;
  resolve(verdict: Verdict): void;
  reject(error: unknown): void;
}

interface Durable {
  readonly waiting: Waiting;
  readonly pointer: ResultPointer | undefined;
}

/** What goes into one append, and so into one fsync. */
const maxGroup = { results: 2_000, bytes: 8 * 1024 * 1024 };
const maxWaitingBytes = 256 * 1024 * 1024;
/** Groups that are durable and wait for the ledger. */
const maxSettling = 4;
/** Lines whose pointers the ledger may keep longer than need be. */
const maxUnfolded = 100_000;
/** A commit record waits this long for a group that takes it along; longer while the log cannot be written. */
const commitWaitMs = { first: 200, most: 10_000 };
/** A log that nothing was written to for this long is closed. */
const idleMs = 3_600_000;
/** How long a durable result waits for a ledger that is away. */
const ledgerPatienceMs = 30_000;
const ledgerRetryMs = { first: 50, most: 2_000 };

/** The results of one batch on their way into this process's log and into the ledger. */
export class BatchCommits {
  readonly #deps: Deps;
  readonly #batchId: string;
  readonly #log: AppendLog;
  readonly #onIdle: () => void;
  readonly #hurry = new AbortController();
  readonly #settling = new Set<Promise<void>>();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** Taken by the ledger, not yet in the log. */
  #commits: CommitToWrite[] = [];
  /** In the log, not yet let go of by the ledger. */
  #unfolded: number[] = [];
  #commitWaitMs = commitWaitMs.first;
  #flushing: Promise<void> | undefined;
  #stopTimer: () => void = () => {};

  constructor(
    deps: Deps,
    of: { readonly batchId: string; readonly log: AppendLog; readonly onIdle: () => void },
  ) {
    this.#deps = deps;
    this.#batchId = of.batchId;
    this.#log = of.log;
    this.#onIdle = of.onIdle;
  }

  submit(result: LineResult): Promise<Verdict> {
    if (this.#waitingBytes > maxWaitingBytes)
      return Promise.reject(
        new MusterError("queue_full", `The store cannot keep up with the results of batch ${this.#batchId}.`),
      );
    const sha256 = this.#deps.digest(result.body);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ result, sha256, resolve, reject });
      this.#waitingBytes += sizeOf(result);
      this.#flush();
    });
  }

  /** Resolves when all have their verdict and the log is closed. `isHurried`: without waiting for the ledger. */
  async close({ isHurried }: { readonly isHurried: boolean }): Promise<void> {
    if (isHurried) this.#hurry.abort();
    do {
      this.#flush();
      await this.#flushing;
      await Promise.all(this.#settling);
    } while (this.#waiting.length > 0 || this.#flushing !== undefined);
    this.#stopTimer();
    if (this.#commits.length > 0) await this.#writeGroup();
    await Promise.all(this.#settling);
    this.#stopTimer();
    await this.#log.close().catch((error: unknown) => this.#warn(error, "segment log not closed"));
  }

  /** Writes until nothing waits; what comes meanwhile makes up the next group. */
  #flush(): void {
    this.#flushing ??= this.#writeAll()
      .catch((error: unknown) => this.#failAll(error))
      .finally(() => {
        this.#flushing = undefined;
        if (this.#waiting.length > 0) this.#flush();
        else this.#rest();
      });
  }

  async #writeAll(): Promise<void> {
    // What else ends in this turn goes along.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      await this.#writeGroup();
      if (this.#settling.size >= maxSettling) await Promise.race(this.#settling);
    }
  }

  async #writeGroup(): Promise<void> {
    const group = this.#takeGroup();
    const commits = this.#commits;
    this.#commits = [];
    try {
      const { bytes, places } = encodeGroup(group, commits);
      const { key, offset } = await this.#log.append(bytes);
      this.#unfolded = commits.map(({ line }) => line).concat(this.#unfolded);
      this.#commitWaitMs = commitWaitMs.first;
      if (group.length > 0) {
        const pointers = places.map((place) => ({
          key,
          offset: offset + place.offset,
          length: place.length,
        }));
        this.#settle(this.#decide(group, pointers));
      }
      if (commits.length > 0) this.#settle(this.#fold());
    } catch (error) {
      this.#commits = commits.concat(this.#commits);
      this.#commitWaitMs = Math.min(2 * this.#commitWaitMs, commitWaitMs.most);
      for (const { reject } of group) reject(error);
      if (group.length === 0) this.#warn(error, "commit records not written");
    }
  }

  #takeGroup(): Waiting[] {
    let [count, bytes] = [0, 0];
    for (const { result } of this.#waiting) {
      if (count === maxGroup.results || (count > 0 && bytes + sizeOf(result) > maxGroup.bytes)) break;
      count += 1;
      bytes += sizeOf(result);
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  /** Neither a decision nor a fold rejects. */
  #settle(work: Promise<void>): void {
    const settled = work.finally(() => {
      this.#settling.delete(settled);
      if (this.#flushing === undefined) this.#rest();
    });
    this.#settling.add(settled);
  }

  /** Asks the ledger about a durable group, again and again while it is away: to ask twice changes nothing. */
  async #decide(group: readonly Waiting[], pointers: readonly ResultPointer[]): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#hurry;
    const untilMs = clock.nowMs() + ledgerPatienceMs;
    let open: readonly Durable[] = group.map((waiting, index) => ({ waiting, pointer: pointers[index] }));
    for (let waitMs = ledgerRetryMs.first; ; waitMs = Math.min(2 * waitMs, ledgerRetryMs.most)) {
      const errors = await Promise.all(open.map((item) => this.#commit(item)));
      const error = errors.find((item) => item !== undefined);
      if (error === undefined) return;
      open = open.filter((_item, index) => errors[index] !== undefined);
      const isHopeless = signal.aborted || clock.nowMs() >= untilMs;
      if (isHopeless) {
        for (const { waiting } of open) waiting.reject(error);
        return;
      }
      await pause(clock, waitMs, signal);
    }
  }

  /** Gives the error when the ledger is away. */
  async #commit({ waiting, pointer }: Durable): Promise<unknown> {
    const { result, sha256, resolve, reject } = waiting;
    const { line, token, outcome, usage, isCached } = result;
    if (pointer === undefined) return undefined;
    try {
      const commit = { line, token, outcome, sha256, pointer, usage, isCached };
      const verdict = await this.#deps.ledger.commit(this.#batchId, commit);
      // `already`: whoever was told `ok` may have died before it wrote its commit record.
      if (verdict === "ok" || verdict === "already")
        this.#commits.push({ line, token, pointer: toPiecePointer(this.#batchId, pointer) });
      resolve(verdict);
      return undefined;
    } catch (error) {
      if (MusterError.from(error).code === "store_unavailable") return error;
      reject(error);
      return undefined;
    }
  }

  async #fold(): Promise<void> {
    const lines = this.#unfolded;
    this.#unfolded = [];
    try {
      await this.#deps.ledger.fold(this.#batchId, lines);
    } catch (error) {
      // They go with the next ones; at the end of the batch it makes no difference.
      this.#unfolded = lines.concat(this.#unfolded).slice(0, maxUnfolded);
      this.#warn(error, "ledger not folded");
    }
  }

  /** Nothing waits: commit records get a group of their own soon, and a log without any is closed some time. */
  #rest(): void {
    this.#stopTimer();
    const { clock } = this.#deps;
    if (this.#commits.length > 0)
      this.#stopTimer = clock.after(this.#commitWaitMs, () => this.#writeCommits());
    else if (this.#settling.size === 0) this.#stopTimer = clock.after(idleMs, this.#onIdle);
  }

  #writeCommits(): void {
    this.#flushing ??= this.#writeGroup().finally(() => {
      this.#flushing = undefined;
      if (this.#waiting.length > 0) this.#flush();
      else this.#rest();
    });
  }

  #failAll(error: unknown): void {
    this.#warn(error, "results not written");
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#waitingBytes = 0;
  }

  #warn(error: unknown, words: string): void {
    this.#deps.log.warn({ batchId: this.#batchId, error: String(error) }, words);
  }
}

function sizeOf({ body, provenance }: LineResult): number {
  return body.length + provenance.length;
}
