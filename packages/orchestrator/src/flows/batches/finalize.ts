import { type Clock, type Log, MusterError } from "@muster/base";
import type { BatchEvent, BatchEvents, BatchOutcome, BatchRecord } from "../../core/batches/batch.ts";
import type { WinnerIndex } from "../../core/batches/winners.ts";
import type { CommitLedger } from "../../ports/commit-ledger.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { missingResult, OutputLines } from "./finalize-lines.ts";
import { inChunks } from "./in-chunks.ts";
import { toPiecePointer } from "./segment-scan.ts";
import { selectWinners, type WinnerQuery } from "./select-winners.ts";
import { readFinal, settleFinal } from "./winners-store.ts";

/** Keeps the files that come of a batch. Putting one again with the same id and content changes nothing. */
export interface OutputFiles {
  putOutput(file: {
    readonly id: string;
    readonly tenant: string;
    readonly filename: string;
    readonly createdAtMs: number;
    readonly expiresAtMs: number;
    readonly content: AsyncIterable<Uint8Array>;
  }): Promise<unknown>;
}

export interface FinalizeDeps {
  readonly store: ObjectStore;
  readonly ledger: CommitLedger;
  readonly files: OutputFiles;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly log: Log;
}

const defaultOutputExpiresAfterMs = 30 * 24 * 3_600_000;
/** Times that the ledger may be lost or rebuilt while it is asked, one after the other. */
const maxLedgerReads = 10;

/**
 * Puts the files of a batch together, after its event `finalizing` was written. Anybody may do so again, at any point
 * and at the same time: the files are the same to the byte.
 */
export async function finalizeBatch(
  deps: FinalizeDeps,
  { record, events }: { readonly record: BatchRecord; readonly events: BatchEvents },
): Promise<Extract<BatchEvent, { readonly kind: "sealed" }>> {
  const { finalizing, validated } = events;
  if (finalizing === undefined)
    throw new MusterError("internal", `Batch ${record.id} is put together before its lines are closed.`);
  const lines = validated?.lines ?? 0;
  const index = await finalWinners(deps, { batchId: record.id, lines, outcome: finalizing.outcome });
  const output = new OutputLines(deps, { record, outcome: finalizing.outcome, index });
  const put = (kind: "output" | "error" | "provenance", content: AsyncIterable<Uint8Array>) =>
    putFile(deps, { record, atMs: finalizing.atMs }, { kind, content });
  const { completed, others } = countOf(index);
  const isTraced = record.options.provenance && completed + others.failed > 0;
  const outputFileId = completed === 0 ? undefined : await put("output", output.completed());
  const errorFileId = others.failed + others.unrun === 0 ? undefined : await put("error", output.errors());
  const provenanceFileId = isTraced ? await put("provenance", output.provenance()) : undefined;
  const { usage, cachedLines } = output;
  const counts = { total: lines, completed, failed: others.failed };
  deps.log.info({ batchId: record.id, ...counts }, "batch put together");
  const atMs = deps.clock.wallMs();
  return { kind: "sealed", atMs, counts, usage, cachedLines, outputFileId, errorFileId, provenanceFileId };
}

function countOf(index: WinnerIndex) {
  let [completed, failed, unrun] = [0, 0, 0];
  for (let line = 0; line < index.lines; line++) {
    const outcome = index.outcome(line);
    if (outcome === undefined) unrun++;
    else if (outcome === "completed") completed++;
    else failed++;
  }
  return { completed, others: { failed, unrun } };
}

async function finalWinners(
  deps: FinalizeDeps,
  of: Pick<WinnerQuery, "batchId" | "lines"> & { readonly outcome: BatchOutcome },
): Promise<WinnerIndex> {
  const found = await readFinal(deps, of.batchId);
  if (found !== undefined) return found;
  const held = await closeLedger(deps, of.batchId);
  const { index } = await selectWinners(deps, { ...of, held, onDamage: "throw" });
  // Before the index is settled for good: what is missing may be restored.
  if (of.outcome === "completed") requireAll(of.batchId, index);
  return settleFinal(deps, of.batchId, index);
}

function requireAll(batchId: string, index: WinnerIndex): void {
  for (let line = 0; line < index.lines; line++) if (!index.has(line)) throw missingResult(batchId, line);
}

/**
 * Closes the ledger and gives what it holds beyond the segments: nothing if it is lost, since the segments show every
 * result. It is read before them: a line leaves the ledger only once its commit record is in a segment.
 */
async function closeLedger({ ledger }: FinalizeDeps, batchId: string): Promise<WinnerQuery["held"]> {
  for (let reads = 0; reads < maxLedgerReads; reads++) {
    const before = await ledger.state(batchId);
    if (before !== undefined) await ledger.close(batchId);
    const held = before === undefined ? [] : await ledger.unfolded(batchId);
    const after = await ledger.state(batchId);
    const isSame = after?.gen === before?.gen;
    if (isSame && after?.status !== "open")
      return held.map(({ line, pointer }) => ({ line, pointer: toPiecePointer(batchId, pointer) }));
  }
  throw new MusterError(
    "store_unavailable",
    `The ledger of batch ${batchId} changes while it is read. Check that Redis keeps running; the batch is tried again.`,
  );
}

async function putFile(
  { files, digest }: FinalizeDeps,
  of: { readonly record: BatchRecord; readonly atMs: number },
  file: { readonly kind: string; readonly content: AsyncIterable<Uint8Array> },
): Promise<string> {
  const { id: batchId, tenant, outputExpiresAfterMs } = of.record;
  const time = of.atMs.toString(16).padStart(12, "0");
  const id = `file-${time}${digest(`${batchId}${file.kind}`).slice(0, 20)}`;
  await files.putOutput({
    id,
    tenant,
    filename: `${batchId}_${file.kind}.jsonl`,
    createdAtMs: of.atMs,
    expiresAtMs: of.atMs + (outputExpiresAfterMs ?? defaultOutputExpiresAfterMs),
    content: inChunks(file.content),
  });
  return id;
}
