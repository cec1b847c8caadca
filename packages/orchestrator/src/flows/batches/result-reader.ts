import { MusterError } from "@muster/base";
import {
  decodeResult,
  hasSha256,
  type PiecePointer,
  type ResultRecord,
} from "../../core/batches/segment-record.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { BlockReader } from "./block-reader.ts";
import { pieceKey } from "./segment-scan.ts";

/** Lines are done nearly in their order: a few blocks of each log will do. */
const maxBlocks = 24;

/** Reads single results of one batch and checks them. */
export class ResultReader {
  readonly #store: ObjectStore;
  readonly #digest: Digest;
  readonly #batchId: string;
  readonly #blocks: BlockReader;

  constructor(deps: { readonly store: ObjectStore; readonly digest: Digest }, batchId: string) {
    this.#store = deps.store;
    this.#digest = deps.digest;
    this.#batchId = batchId;
    this.#blocks = new BlockReader(deps, maxBlocks);
  }

  /** Throws `internal` where the record is not what it should be: an answer is never left out in silence. */
  async read(line: number, pointer: PiecePointer): Promise<ResultRecord> {
    const bytes = await this.#bytes(pointer);
    const record = bytes === undefined ? undefined : decodeResult(bytes, pointer.offset);
    if (record === undefined || record.line !== line) throw this.#damaged(line, pointer, "is not there");
    if (!hasSha256(record, this.#digest(record.body)))
      throw this.#damaged(line, pointer, "has another SHA-256 than was noted");
    return record;
  }

  async #bytes({ piece, offset, length }: PiecePointer): Promise<Uint8Array | undefined> {
    const key = pieceKey(this.#batchId, piece);
    try {
      return await this.#blocks.read(key, offset, length);
    } catch (error) {
      const { code } = MusterError.from(error);
      if (code === "not_found") return undefined;
      if (code !== "internal") throw error;
      // The piece has grown since its block was read.
      return this.#store.get(key, { offset, length });
    }
  }

  #damaged(line: number, { piece, offset }: PiecePointer, what: string): MusterError {
    return new MusterError(
      "internal",
      `Batch ${this.#batchId}: the result of line ${line} (from 0), in the segment piece ${piece} at byte ${offset}, ` +
        `${what}. Restore that piece from a copy of the store; the batch then goes on by itself.`,
    );
  }
}
