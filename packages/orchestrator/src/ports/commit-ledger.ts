import type { LineUsage } from "../core/batches/batch.ts";
import type { LineOutcome, LineToken, ResultPointer } from "../core/batches/line-result.ts";

/** `open`: lines are claimed and committed. `closed`: nothing more is. */
export type LedgerStatus = "open" | "closed";

export interface LedgerTotals {
  readonly completed: number;
  readonly failed: number;
  readonly cachedLines: number;
  readonly usage: LineUsage;
}

export interface LedgerState {
  readonly status: LedgerStatus;
  readonly gen: number;
  readonly lines: number;
  readonly totals: LedgerTotals;
}

export type Claim =
  | {
      readonly kind: "claimed";
      readonly token: LineToken;
      /** Workers whose engine has crashed over this line. */
      readonly crashedOn: readonly string[];
    }
  | { readonly kind: "done" }
  | { readonly kind: "closed" }
  /** The batch has another generation, or the store has lost it: the claim is for nobody. */
  | { readonly kind: "stale" };

/**
 * What a commit is told. `ok`: this result is the line's answer. `already`: it was before. `lost`: another one is.
 * `unknown`: nobody was given that token. `fenced`: it is too old. `closed`: the batch takes no more. `stale`: as with
 * claims. After any of them the result needs not be sent again, but for `stale`, which may be rebuilt from its record.
 */
export type Verdict = "ok" | "already" | "lost" | "unknown" | "fenced" | "closed" | "stale";

export interface Commit {
  readonly line: number;
  readonly token: LineToken;
  readonly outcome: LineOutcome;
  /** Of the body: tells a result that is sent again from another one. Hexadecimal. */
  readonly sha256: string;
  readonly pointer: ResultPointer;
  readonly usage: LineUsage;
  readonly isCached: boolean;
}

/**
 * The index of what is done in each batch that runs: fast, atomic, and rebuilt from the segments when it is lost. It
 * never holds more per line than one bit, besides the lines that are under way: of a line that is done the pointer is
 * kept only until `fold`. Methods throw `store_unavailable`.
 */
export interface CommitLedger {
  /**
   * Opens a batch as generation `gen`, with what was done before; without effect (false) where this generation or a
   * later one is there already and the store has not lost its memory since.
   */
  open(
    batchId: string,
    start: {
      readonly gen: number;
      readonly lines: number;
      /** A bit for each line, the highest bit of the first byte for line 0. */
      readonly done: Uint8Array;
      readonly totals: LedgerTotals;
    },
  ): Promise<boolean>;
  /** Undefined where the store does not know the batch, or has been started again since (its memory may have gaps). */
  state(batchId: string): Promise<LedgerState | undefined>;
  claim(batchId: string, line: number, gen: number): Promise<Claim>;
  /**
   * Takes a result whose record is durable. An error result needs the line's newest token; a success any that was
   * issued in this generation, if it comes first.
   */
  commit(batchId: string, commit: Commit): Promise<Verdict>;
  /** Notes that an engine crashed over a line; gives all the workers where one did. */
  crashed(batchId: string, line: number, workerId: string): Promise<readonly string[]>;
  /** Lets go of the pointers of lines whose commits are durable in a segment now. */
  fold(batchId: string, lines: readonly number[]): Promise<void>;
  /** The pointers that were committed and not let go of. */
  unfolded(batchId: string): Promise<readonly { readonly line: number; readonly pointer: ResultPointer }[]>;
  /** As in `open`. */
  done(batchId: string): Promise<Uint8Array>;
  /** No claims and commits from here on; there is no way back. */
  close(batchId: string): Promise<void>;
  /** Removes all that is kept of a batch. */
  forget(batchId: string): Promise<void>;
  /** Takes, or keeps, the lease `name` for `holder`; false while another has it. Gone after `ttlMs`. */
  lease(name: string, holder: string, ttlMs: number): Promise<boolean>;
  release(name: string, holder: string): Promise<void>;
  /** The share of the store's memory that is in use, 0 to 1; 0 where there is no limit. */
  memoryUse(): Promise<number>;
  dispose(): Promise<void>;
}
