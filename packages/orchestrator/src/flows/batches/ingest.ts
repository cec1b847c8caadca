import { MusterError } from "@muster/base";
import type { BatchEvent, BatchRecord } from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { type LineEntry, lineEntryBytes, writeLineEntry } from "../../core/batches/line-index.ts";
import { InputPass, type InputPassDeps } from "./input-pass.ts";

export type { IngestLimits } from "./input-pass.ts";

type EventBody<E> = E extends BatchEvent ? Omit<E, "atMs"> : never;
/** An event still without its time. */
export type IngestOutcome = EventBody<Extract<BatchEvent, { readonly kind: "validated" | "failed" }>>;

const entriesPerPiece = 2_048;

/**
 * Reads the input of a batch once, from end to end: checks every line, and writes the line index. Throws `cancelled`
 * when `signal` fires, `not_ready` while nothing at all is served, and what the store throws.
 */
export async function ingestBatch(
  deps: InputPassDeps,
  { record, signal }: { readonly record: BatchRecord; readonly signal: AbortSignal },
): Promise<IngestOutcome> {
  const pass = new InputPass(deps, record, signal);
  let isGood = true;
  const index = indexOf(pass, () => {
    isGood = false;
  });
  try {
    await deps.store.put(objectKeys.lineIndex(record.id), index);
  } catch (error) {
    if (isGood) throw error;
    return { kind: "failed", errors: pass.errors, errorCount: pass.errorCount };
  }
  return { kind: "validated", lines: pass.lineCount, models: pass.models };
}

/** The line index, piece by piece. Throws at its end for input that is not good: nothing is kept of it then. */
async function* indexOf(pass: InputPass, onBad: () => void): AsyncIterable<Uint8Array> {
  let piece = new IndexPiece();
  for await (const { entry } of pass.goodLines()) {
    if (pass.errorCount === 0) piece.add(entry);
    if (!piece.isFull) continue;
    yield piece.bytes();
    piece = new IndexPiece();
  }
  if (pass.errorCount > 0) {
    onBad();
    throw new MusterError("invalid_request", "The input of a batch is not good.");
  }
  yield piece.bytes();
}

class IndexPiece {
  readonly #bytes = new Uint8Array(entriesPerPiece * lineEntryBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  #entries = 0;

  get isFull(): boolean {
    return this.#entries === entriesPerPiece;
  }

  add(entry: LineEntry): void {
    writeLineEntry(this.#view, this.#entries * lineEntryBytes, entry);
    this.#entries += 1;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#entries * lineEntryBytes);
  }
}
