import { MusterError } from "@muster/base";
import type { ObjectStore } from "../../ports/object-store.ts";

const blockBytes = 1_048_576;
const defaultMaxBlocks = 16;

/** Reads short runs out of long objects that do not change, a block at a time: neighbours are asked for next. */
export class BlockReader {
  readonly #store: ObjectStore;
  readonly #maxBlocks: number;
  readonly #blocks = new Map<string, Promise<Uint8Array>>();

  /** `maxBlocks`: how many megabytes it may hold. */
  constructor(deps: { readonly store: ObjectStore }, maxBlocks = defaultMaxBlocks) {
    this.#store = deps.store;
    this.#maxBlocks = maxBlocks;
  }

  /** Throws `not_found` where the object is gone, `internal` where it is shorter than that. */
  async read(key: string, offset: number, length: number): Promise<Uint8Array> {
    const first = Math.floor(offset / blockBytes);
    const last = Math.floor((offset + Math.max(length, 1) - 1) / blockBytes);
    const parts: Uint8Array[] = [];
    for (let block = first; block <= last; block++) {
      const bytes = await this.#block(key, block);
      const at = block * blockBytes;
      parts.push(bytes.subarray(Math.max(0, offset - at), offset + length - at));
    }
    const [only] = parts;
    const run = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
    if (run.length === length) return run;
    throw new MusterError("internal", `The object ${key} ends before byte ${offset + length}.`);
  }

  #block(key: string, block: number): Promise<Uint8Array> {
    const name = `${key}#${block}`;
    const found = this.#blocks.get(name);
    if (found !== undefined) {
      // The one that was used last goes last.
      this.#blocks.delete(name);
      this.#blocks.set(name, found);
      return found;
    }
    const loading = this.#load(key, block);
    loading.catch(() => this.#blocks.delete(name));
    this.#blocks.set(name, loading);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > this.#maxBlocks && oldest !== undefined) this.#blocks.delete(oldest);
    return loading;
  }

  async #load(key: string, block: number): Promise<Uint8Array> {
    const bytes = await this.#store.get(key, { offset: block * blockBytes, length: blockBytes });
    if (bytes === undefined) throw new MusterError("not_found", `The object ${key} is gone.`);
    return bytes;
  }
}
