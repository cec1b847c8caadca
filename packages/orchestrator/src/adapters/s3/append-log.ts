import { MusterError } from "@muster/base";
import { keyNames } from "../../core/object-key.ts";
import type { AppendLog } from "../../ports/object-store.ts";
import type { Bucket } from "./bucket.ts";
import { listBucket } from "./list-bucket.ts";

const pieceDigits = 8;

/** S3 objects do not grow: each append is a piece of its own. */
export class S3AppendLog implements AppendLog {
  readonly #bucket: Bucket;
  readonly #key: string;
  #nextNumber: number | undefined;
  #isClosed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(bucket: Bucket, key: string) {
    keyNames(key);
    this.#bucket = bucket;
    this.#key = key;
  }

  async append(content: Uint8Array): Promise<{ readonly key: string; readonly offset: number }> {
    if (this.#isClosed) throw new MusterError("internal", `The log ${this.#key} is closed.`);
    const done = this.#last.then(() => this.#append(content));
    this.#last = done.catch(() => {});
    return done;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
  }

  async #append(content: Uint8Array) {
    for (;;) {
      this.#nextNumber ??= await this.#firstFreeNumber();
      const key = `${this.#key}/${String(this.#nextNumber).padStart(pieceDigits, "0")}`;
      // A put that failed may still arrive: its number is not used again.
      this.#nextNumber += 1;
      if (await this.#bucket.claim(key, content)) return { key, offset: 0 };
    }
  }

  /** Behind what an earlier log of this key has written. */
  async #firstFreeNumber(): Promise<number> {
    let last = -1;
    for await (const { key } of listBucket(this.#bucket, `${this.#key}/`)) {
      const name = key.slice(this.#key.length + 1);
      if (/^\d+$/.test(name)) last = Math.max(last, Number(name));
    }
    return last + 1;
  }
}
