import { objectKeys } from "../../core/batches/keys.ts";
import type { CommitLedger } from "../../ports/commit-ledger.ts";
import { selectWinners, type WinnerDeps } from "./select-winners.ts";
import { latestGeneration, saveSnapshot } from "./winners-store.ts";

export interface RebuildDeps extends WinnerDeps {
  readonly ledger: CommitLedger;
}

export interface LedgerOf {
  readonly batchId: string;
  readonly lines: number;
}

/**
 * Opens a ledger that does not know the batch, as a new generation: the first with nothing done, each later one with
 * what the segments show. Undefined where the ledger knows the batch, or somebody else has taken the generation.
 */
export async function rebuildLedger(deps: RebuildDeps, of: LedgerOf): Promise<number | undefined> {
  const { store, ledger, log } = deps;
  const { batchId, lines } = of;
  if ((await ledger.state(batchId)) !== undefined) return undefined;
  const gen = (await latestGeneration(store, batchId)) + 1;
  if (!(await store.putIfAbsent(objectKeys.generation(batchId, gen), new Uint8Array()))) return undefined;
  const selection = await selectWinners(deps, { batchId, lines, held: [], onDamage: "run-again" });
  // Before the ledger opens: what an older generation commits from here on must not count.
  if (gen > 1) await saveSnapshot(deps, batchId, { gen, index: selection.index });
  const totals = selection.totals();
  const isOpen = await ledger.open(batchId, { gen, lines, done: selection.index.doneBits(), totals });
  if (!isOpen) return undefined;
  log.info({ batchId, gen, lines, done: totals.completed + totals.failed }, "ledger opened");
  return gen;
}
