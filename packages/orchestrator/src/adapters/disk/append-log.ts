import { type FileHandle, readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { type Log, MusterError } from "@muster/base";
import { keyNames } from "../../core/object-key.ts";
import type { AppendLog } from "../../ports/object-store.ts";
import { createFile, writeWhole } from "./files.ts";
import { onDisk, unless } from "./store-error.ts";
import type { StoreRoot } from "./store-root.ts";

const pieceDigits = 6;
export const maxPieceBytes = 256 * 1024 * 1024;

interface Piece {
  readonly key: string;
  readonly handle: FileHandle;
  bytes: number;
}

export class DiskAppendLog implements AppendLog {
  readonly #root: StoreRoot;
  readonly #key: string;
  readonly #names: readonly string[];
  readonly #log: Log;
  readonly #maxPieceBytes: number;
  #piece: Piece | undefined;
  #nextNumber: number | undefined;
  #isClosed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    root: StoreRoot,
    key: string,
    { log, pieceBytes }: { readonly log: Log; readonly pieceBytes: number },
  ) {
    this.#root = root;
    this.#key = key;
    this.#names = keyNames(key);
    this.#log = log;
    this.#maxPieceBytes = pieceBytes;
  }

  async append(content: Uint8Array): Promise<{ readonly key: string; readonly offset: number }> {
    if (this.#isClosed) throw new MusterError("internal", `The log ${this.#key} is closed.`);
    return this.#inTurn(() => this.#append(content));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#inTurn(() => this.#endPiece());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => onDisk(this.#root.directory, work));
    this.#last = done.catch(() => {});
    return done;
  }

  async #append(content: Uint8Array) {
    const piece = await this.#pieceFor(content.length);
    const offset = piece.bytes;
    try {
      await writeWhole(piece.handle, content, offset);
      await piece.handle.datasync();
    } catch (error) {
      await this.#giveUp(piece);
      throw error;
    }
    piece.bytes += content.length;
    return { key: piece.key, offset };
  }

  async #pieceFor(bytes: number): Promise<Piece> {
    if (this.#piece !== undefined && this.#piece.bytes > 0 && this.#piece.bytes + bytes > this.#maxPieceBytes)
      await this.#endPiece();
    this.#piece ??= await this.#beginPiece();
    return this.#piece;
  }

  async #beginPiece(): Promise<Piece> {
    this.#nextNumber ??= await this.#firstFreeNumber();
    const name = String(this.#nextNumber).padStart(pieceDigits, "0");
    const handle = await this.#root.place([...this.#names, name], createFile);
    this.#nextNumber += 1;
    return { key: `${this.#key}/${name}`, handle, bytes: 0 };
  }

  /** Behind what an earlier log of this key has written. */
  async #firstFreeNumber(): Promise<number> {
    const path = await this.#root.find([...this.#names, "0"]);
    const names = path === undefined ? [] : await unless(["ENOENT"], readdir(dirname(path)));
    return Math.max(-1, ...(names ?? []).filter((name) => /^\d+$/.test(name)).map(Number)) + 1;
  }

  async #endPiece(): Promise<void> {
    const piece = this.#piece;
    this.#piece = undefined;
    await piece?.handle.close();
  }

  /** Cuts off what is torn, if the disk lets us; readers cope with it otherwise. */
  async #giveUp(piece: Piece): Promise<void> {
    this.#piece = undefined;
    try {
      await piece.handle.truncate(piece.bytes);
      await piece.handle.datasync();
    } catch (error) {
      this.#log.warn({ key: piece.key, error: String(error) }, "a torn end stays in a log");
    } finally {
      await piece.handle.close().catch(() => {});
    }
  }
}
