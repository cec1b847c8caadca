import { type Clock, type Log, MusterError, silentLog, systemClock } from "@muster/base";
import { checkAfter, keyNames, prefixNames } from "../../core/object-key.ts";
import type { AppendLog, ObjectInfo, ObjectStore } from "../../ports/object-store.ts";
import { limited } from "../common/content.ts";
import { S3AppendLog } from "./append-log.ts";
import { Bucket, type S3Options } from "./bucket.ts";
import { download, fetchBytes } from "./download.ts";
import { listBucket } from "./list-bucket.ts";
import { upload, uploadBytes } from "./upload.ts";

/** S3's own limit. */
const deletedAtOnce = 1_000;

export interface S3ObjectStore extends ObjectStore {
  /** Connects and checks the bucket, which every other method does too; throws what is wrong with it. */
  ready(): Promise<void>;
}

/** Objects in a bucket of S3, or of a server that speaks its language. */
export function createS3ObjectStore(
  options: S3Options & { readonly log?: Log; readonly clock?: Clock },
): S3ObjectStore {
  const { log = silentLog, clock = systemClock } = options;
  return new BucketStore(new Bucket(options, { log, clock }), log);
}

class BucketStore implements S3ObjectStore {
  readonly #bucket: Bucket;
  readonly #log: Log;

  constructor(bucket: Bucket, log: Log) {
    this.#bucket = bucket;
    this.#log = log;
  }

  ready(): Promise<void> {
    return this.#bucket.ready();
  }

  async put(
    key: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    { limitBytes = Number.POSITIVE_INFINITY }: { readonly limitBytes?: number } = {},
  ): Promise<{ readonly bytes: number }> {
    keyNames(key);
    if (content instanceof Uint8Array && content.length <= limitBytes)
      return uploadBytes(this.#bucket, { key, content, log: this.#log });
    return upload(this.#bucket, { key, content: limited(content, limitBytes), log: this.#log });
  }

  async putIfAbsent(key: string, content: Uint8Array): Promise<boolean> {
    keyNames(key);
    return this.#bucket.claim(key, content);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    keyNames(key);
    const found = await this.#bucket.find((s3) => s3.headObject(this.#bucket.at(key)));
    if (found === undefined) return undefined;
    return { key, bytes: found.ContentLength ?? 0, modifiedAtMs: found.LastModified?.getTime() ?? 0 };
  }

  async get(
    key: string,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array | undefined> {
    keyNames(key);
    if (range?.length === 0) return (await this.head(key)) === undefined ? undefined : new Uint8Array();
    const bytes = range && `bytes=${range.offset}-${range.offset + range.length - 1}`;
    return fetchBytes(this.#bucket, key, bytes);
  }

  async *read(
    key: string,
    { offset = 0 }: { readonly offset?: number } = {},
  ): AsyncGenerator<Uint8Array, undefined> {
    keyNames(key);
    return yield* download(this.#bucket, key, offset);
  }

  async *list(
    prefix: string,
    { after }: { readonly after?: string } = {},
  ): AsyncGenerator<ObjectInfo, undefined> {
    prefixNames(prefix);
    if (after !== undefined) checkAfter(after);
    return yield* listBucket(this.#bucket, prefix, after);
  }

  async remove(key: string): Promise<void> {
    keyNames(key);
    await this.#bucket.find((s3) => s3.deleteObject(this.#bucket.at(key)));
  }

  async removeAll(prefix: string): Promise<void> {
    let keys: string[] = [];
    for await (const { key } of this.list(prefix)) {
      keys.push(key);
      if (keys.length < deletedAtOnce) continue;
      await this.#removeKeys(keys);
      keys = [];
    }
    if (keys.length > 0) await this.#removeKeys(keys);
  }

  openLog(key: string): AppendLog {
    return new S3AppendLog(this.#bucket, key);
  }

  async freeBytes(): Promise<undefined> {
    return undefined;
  }

  close(): Promise<void> {
    return this.#bucket.close();
  }

  async #removeKeys(keys: readonly string[]): Promise<void> {
    const Objects = keys.map((key) => ({ Key: this.#bucket.at(key).Key }));
    const { Errors = [] } = await this.#bucket.call((s3) =>
      s3.deleteObjects({ Bucket: this.#bucket.name, Delete: { Objects, Quiet: true } }),
    );
    const [first] = Errors;
    if (first === undefined) return;
    throw new MusterError(
      "store_unavailable",
      `The S3 bucket ${this.#bucket.name} did not delete ${Errors.length} objects (${first.Code}: ${first.Message}). ` +
        "Check that Muster may delete objects there.",
    );
  }
}
