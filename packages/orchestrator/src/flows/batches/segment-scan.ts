import type { Log } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import type { ResultPointer } from "../../core/batches/line-result.ts";
import type { PiecePointer, SegmentRecord } from "../../core/batches/segment-record.ts";
import { SegmentDecoder } from "../../core/batches/segment-record-decoder.ts";
import type { ObjectStore } from "../../ports/object-store.ts";

interface Deps {
  readonly store: ObjectStore;
  readonly log: Log;
}

/** Some records of one piece, in its order. Their bodies are good until the next is asked for. */
export interface ScannedRecords {
  readonly piece: string;
  readonly records: readonly SegmentRecord[];
  /** Where the next record of the piece begins. */
  readonly endOffset: number;
}

/** The pieces of a batch's segments, by name: those of one log in the order in which they were written. */
export async function* listPieces(
  store: ObjectStore,
  batchId: string,
): AsyncGenerator<{ readonly piece: string; readonly bytes: number }> {
  const prefix = objectKeys.segments(batchId);
  for await (const { key, bytes } of store.list(prefix)) yield { piece: key.slice(prefix.length), bytes };
}

/** All records of a batch. What is torn at the end of a piece, or damaged, is left out. */
export async function* scanSegments({ store, log }: Deps, batchId: string): AsyncGenerator<ScannedRecords> {
  for await (const { piece } of listPieces(store, batchId))
    yield* scanPiece({ store, log }, { batchId, piece, offset: 0, wants: "all" });
}

/** The records of one piece from `offset` on, which is where one begins. */
export async function* scanPiece(
  { store, log }: Deps,
  from: {
    readonly batchId: string;
    readonly piece: string;
    readonly offset: number;
    readonly wants: "all" | "commits";
  },
): AsyncGenerator<ScannedRecords> {
  const { batchId, piece, offset, wants } = from;
  const decoder = new SegmentDecoder({ offset, wants });
  for await (const chunk of store.read(pieceKey(batchId, piece), { offset })) {
    const records = decoder.push(chunk);
    yield { piece, records, endOffset: decoder.offset };
    if (decoder.isDamaged) {
      log.warn({ batchId, piece, offset: decoder.offset }, "rest of a segment's piece is damaged");
      return;
    }
  }
}

/** A pointer of the ledger's, in the words of the segments. */
export function toPiecePointer(batchId: string, { key, offset, length }: ResultPointer): PiecePointer {
  return { piece: key.slice(objectKeys.segments(batchId).length), offset, length };
}

/** A piece is called `<log>/<number>`. */
export function pieceKey(batchId: string, piece: string): string {
  return `${objectKeys.segments(batchId)}${piece}`;
}
