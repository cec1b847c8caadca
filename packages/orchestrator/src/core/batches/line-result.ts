import type { LineUsage } from "./batch.ts";

/** One try of a line, as the ledger has issued it. */
export interface LineToken {
  /** Of the ledger: it grows each time that the ledger is rebuilt. */
  readonly gen: number;
  /** From 1, for each claim of the line within one generation. */
  readonly epoch: number;
}

/** `failed`: the line's answer is an error. */
export type LineOutcome = "completed" | "failed";

/** The answer of one line, ready to be written. */
export interface LineResult {
  /** From 0, in the order of the input; blank lines do not count. */
  readonly line: number;
  readonly token: LineToken;
  readonly outcome: LineOutcome;
  /** Of HTTP, for an error. */
  readonly status?: number;
  /** The line of the output or error file: JSON without a line end, in UTF-8. */
  readonly body: Uint8Array;
  readonly usage: LineUsage;
  readonly isCached: boolean;
  /** JSON: where the answer came from. "" where nobody wants to know. */
  readonly provenance: string;
}

/** Where the record of a result lies: in a piece of a segment. */
export interface ResultPointer {
  /** The key of the piece in the object store. */
  readonly key: string;
  readonly offset: number;
  /** Of the whole record. */
  readonly length: number;
}
