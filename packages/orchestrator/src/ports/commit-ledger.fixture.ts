import { addUsage, type LineUsage, noUsage } from "../core/batches/batch.ts";
import type { LineToken } from "../core/batches/line-result.ts";
import type { Claim, Commit, CommitLedger, LedgerTotals } from "./commit-ledger.ts";

export interface LedgerUnderTest {
  readonly ledger: CommitLedger;
  /** Another client of the same store; perhaps the same one. */
  readonly another: CommitLedger;
  /** Makes the store forget everything. */
  lose(): Promise<void>;
}

export const batchId = "batch_1";
export const nothing: LedgerTotals = { completed: 0, failed: 0, cachedLines: 0, usage: noUsage };

export function counted(counts: Partial<LedgerTotals>): LedgerTotals {
  return { ...nothing, ...counts };
}

export function commitOf(
  line: number,
  token: LineToken,
  other: Partial<Omit<Commit, "usage">> & { readonly usage?: Partial<LineUsage> } = {},
): Commit {
  const { usage, ...rest } = other;
  return {
    line,
    token,
    outcome: "completed",
    sha256: `sha-${line}-${token.gen}-${token.epoch}`,
    pointer: { key: `segments/w/${token.epoch}`, offset: line * 100, length: 100 + token.epoch },
    isCached: false,
    usage: {
      promptTokens: 10 + line,
      cachedTokens: line,
      completionTokens: 20,
      reasoningTokens: 3,
      ...usage,
    },
    ...rest,
  };
}

export async function claimed(
  ledger: CommitLedger,
  line: number,
  gen = 1,
): Promise<Extract<Claim, { readonly kind: "claimed" }>> {
  const claim = await ledger.claim(batchId, line, gen);
  if (claim.kind !== "claimed") throw new Error(`line ${line} is not claimed: ${claim.kind}`);
  return claim;
}

/** What the ledger must have counted when it took these. */
export function sumOf(commits: readonly Commit[], before = nothing): LedgerTotals {
  return commits.reduce<LedgerTotals>(
    (sum, { outcome, isCached, usage }) => ({
      completed: sum.completed + Number(outcome === "completed"),
      failed: sum.failed + Number(outcome === "failed"),
      cachedLines: sum.cachedLines + Number(isCached),
      usage: addUsage(sum.usage, usage),
    }),
    before,
  );
}

export function isBitSet(bits: Uint8Array, line: number): boolean {
  return ((bits[line >> 3] ?? 0) & (0x80 >> (line & 7))) !== 0;
}
