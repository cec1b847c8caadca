import { addUsage, type LineUsage, noUsage } from "./batch.ts";
import type { LineOutcome, LineToken } from "./line-result.ts";
import type { PiecePointer } from "./segment-record.ts";
import { WinnerIndex } from "./winners.ts";

/**
 * Why a result counts as its line's answer; the strongest reason wins. `loose`: its record is there. `held`: the ledger
 * says so. `committed`: a commit record of this generation says so. `snapshot`: it was when the generation began.
 */
const ranks = { loose: 1, held: 2, committed: 3, snapshot: 4 } as const;
export type ClaimReason = "held" | "committed";

/** What a result record says of itself. */
export interface Candidate {
  readonly line: number;
  readonly token: LineToken;
  readonly outcome: LineOutcome;
  readonly isCached: boolean;
  readonly usage: LineUsage;
}

export interface WinnerTotals {
  readonly completed: number;
  readonly failed: number;
  readonly cachedLines: number;
  readonly usage: LineUsage;
}

const noToken: LineToken = { gen: 0, epoch: 0 };

/** Finds each line's one answer among records that come in any order. */
export class WinnerSelection {
  readonly index: WinnerIndex;
  readonly #rank: Uint8Array;
  /** Its record was seen, and is good. */
  readonly #isConfirmed: Uint8Array;
  readonly #isCached: Uint8Array;
  readonly #gen: Uint32Array;
  readonly #epoch: Uint32Array;
  /** Four numbers a line. */
  readonly #usage: Uint32Array;

  /** `snapshot`: what was done before; it is taken over. */
  constructor(lines: number, snapshot: WinnerIndex | undefined) {
    this.index = snapshot ?? new WinnerIndex(lines);
    this.#rank = new Uint8Array(lines);
    this.#isConfirmed = new Uint8Array(lines);
    this.#isCached = new Uint8Array(lines);
    this.#gen = new Uint32Array(lines);
    this.#epoch = new Uint32Array(lines);
    this.#usage = new Uint32Array(4 * lines);
    for (let line = 0; line < lines; line++) if (this.index.has(line)) this.#rank[line] = ranks.snapshot;
  }

  /** Somebody says that this result is the line's answer. */
  claim(reason: ClaimReason, line: number, pointer: PiecePointer, token: LineToken = noToken): void {
    const [rank, current] = [ranks[reason], this.#rank[line]];
    if (current === undefined || current > rank) return;
    if (current === rank && !this.#isOlder(line, token)) return;
    if (this.index.isAt(line, pointer)) {
      const outcome = this.index.outcome(line) ?? "completed";
      this.#put(line, { pointer, outcome, rank, token });
      return;
    }
    // What it came to shows when its record is confirmed.
    this.#put(line, { pointer, outcome: "completed", rank, token });
    this.#isConfirmed[line] = 0;
  }

  /** A result whose record is good: confirms the line's answer, or offers itself. */
  offer(candidate: Candidate, pointer: PiecePointer): void {
    const { line, token, outcome } = candidate;
    const current = this.#rank[line];
    if (current === undefined) return;
    if (this.index.isAt(line, pointer)) {
      this.#confirm(candidate);
      return;
    }
    if (current > ranks.loose) return;
    if (current === ranks.loose && !this.#isBetter(line, candidate)) return;
    this.#put(line, { pointer, outcome, rank: ranks.loose, token });
    this.#confirm(candidate);
  }

  /** The lines whose answer's record was not seen. */
  *unconfirmed(): Generator<number, undefined> {
    for (let line = 0; line < this.#rank.length; line++)
      if (this.#rank[line] !== 0 && this.#isConfirmed[line] === 0) yield line;
  }

  /** The answer's record is not to be had: the line has none. */
  drop(line: number): void {
    this.#rank[line] = 0;
    this.index.remove(line);
  }

  /** Over all answers; to be asked for once all are confirmed. */
  totals(): WinnerTotals {
    let [completed, failed, cachedLines, usage] = [0, 0, 0, noUsage];
    for (let line = 0; line < this.#rank.length; line++) {
      if (this.#rank[line] === 0) continue;
      if (this.#isFailed(line)) failed++;
      else completed++;
      cachedLines += this.#isCached[line] ?? 0;
      usage = addUsage(usage, this.#usageOf(line));
    }
    return { completed, failed, cachedLines, usage };
  }

  #confirm({ line, outcome, isCached, usage }: Candidate): void {
    this.#isConfirmed[line] = 1;
    this.#isCached[line] = isCached ? 1 : 0;
    const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = usage;
    this.#usage.set([promptTokens, cachedTokens, completionTokens, reasoningTokens], 4 * line);
    const winner = this.index.outcome(line) === outcome ? undefined : this.index.get(line);
    if (winner !== undefined) this.index.set(line, { ...winner, outcome });
  }

  #put(
    line: number,
    winner: {
      readonly pointer: PiecePointer;
      readonly outcome: LineOutcome;
      readonly rank: number;
      readonly token: LineToken;
    },
  ): void {
    const { pointer, outcome, rank, token } = winner;
    this.#rank[line] = rank;
    this.#gen[line] = token.gen;
    this.#epoch[line] = token.epoch;
    this.index.set(line, { pointer, outcome, isLate: rank < ranks.committed });
  }

  /** Among loose results an answer goes before an error, which may have come too late; then the older token. */
  #isBetter(line: number, { outcome, token }: Candidate): boolean {
    const isFailed = this.#isFailed(line);
    if (isFailed !== (outcome === "failed")) return isFailed;
    return this.#isOlder(line, token);
  }

  #isOlder(line: number, { gen, epoch }: LineToken): boolean {
    const currentGen = this.#gen[line] ?? 0;
    return gen < currentGen || (gen === currentGen && epoch < (this.#epoch[line] ?? 0));
  }

  #isFailed(line: number): boolean {
    return this.index.outcome(line) === "failed";
  }

  #usageOf(line: number): LineUsage {
    const [promptTokens = 0, cachedTokens = 0, completionTokens = 0, reasoningTokens = 0] =
      this.#usage.subarray(4 * line, 4 * line + 4);
    return { promptTokens, cachedTokens, completionTokens, reasoningTokens };
  }
}
