import { type BackoffPolicy, backoffMs } from "@muster/base";
import { type BatchEvent, noUsage } from "../../core/batches/batch.ts";
import type { ActiveBatch } from "./active-batches.ts";
import type { BatchFeeder } from "./feeder.ts";

/** What takes longer than a look: each can be repeated by anybody at any time. */
export interface KeeperSteps {
  ingest(batch: ActiveBatch, signal: AbortSignal): Promise<BatchEvent>;
  /** A new generation of the ledger; undefined where somebody else has made one. */
  rebuild(batchId: string, lines: number): Promise<number | undefined>;
  finalize(batch: ActiveBatch): Promise<BatchEvent>;
  /** Somebody may want to know. */
  stateChanged(batch: ActiveBatch): void;
  /** Its last event was written by us just now. */
  ended?(batch: ActiveBatch): void;
}

/** What a keeper knows of a batch between two looks at it. */
export interface Kept {
  feeder: BatchFeeder | undefined;
  /** Something long is under way: ingest, a rebuild, putting the output together. */
  step: "ingest" | "rebuild" | "finalize" | undefined;
  /** Ends the step that is under way. */
  abort: AbortController;
  /** We have its lease. */
  isMine: boolean;
  /** Of its steps, one after the other. */
  failures: number;
  /** Monotonic: until then it is left alone. */
  notBeforeMs: number;
  /** Lines that are done as far as we know; where the ledger knows better, others have a part in it. */
  doneHere: number;
}

/** A batch whose step has failed is tried again after this, doubled each time. */
const retry: BackoffPolicy = { baseMs: 1_000, maxMs: 15_000 };

export function newlyKept(): Kept {
  return {
    feeder: undefined,
    step: undefined,
    abort: new AbortController(),
    isMine: false,
    failures: 0,
    notBeforeMs: 0,
    doneHere: 0,
  };
}

/** Notes a failure; gives how long the batch is left alone for it. */
export function heldUp(kept: Kept, nowMs: number): number {
  const waitMs = backoffMs(retry, kept.failures, () => 1);
  kept.failures += 1;
  kept.notBeforeMs = nowMs + waitMs;
  return waitMs;
}

/** The end of a batch that was cancelled, or has expired, before its lines were known. */
export function nothingSealed(atMs: number): BatchEvent {
  return {
    kind: "sealed",
    atMs,
    counts: { total: 0, completed: 0, failed: 0 },
    usage: noUsage,
    cachedLines: 0,
    outputFileId: undefined,
    errorFileId: undefined,
    provenanceFileId: undefined,
  };
}
