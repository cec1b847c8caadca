import { type LedgerOf, type RebuildDeps, rebuildLedger } from "./rebuild.ts";

/** Sees to it that the ledger knows the batch. Gives its generation; undefined where somebody else is opening it. */
export async function openLedger(deps: RebuildDeps, of: LedgerOf): Promise<number | undefined> {
  const state = await deps.ledger.state(of.batchId);
  return state?.gen ?? rebuildLedger(deps, of);
}
