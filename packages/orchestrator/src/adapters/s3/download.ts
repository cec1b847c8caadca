import { MusterError } from "@muster/base";
import type { Bucket } from "./bucket.ts";
import { s3Error, statusOf } from "./s3-error.ts";

/** How often the rest is asked for again when the connection breaks, without a byte between. */
const maxBreaks = 3;

/** All of an object, or a range of it; undefined where there is none. */
export async function fetchBytes(
  bucket: Bucket,
  key: string,
  range?: string,
): Promise<Uint8Array | undefined> {
  const part = range === undefined ? {} : { Range: range };
  for (let breaks = 0; ; breaks++) {
    const answer = await bucket.find((s3) => s3.getObject({ ...bucket.at(key), ...part }).catch(endOfObject));
    if (answer === undefined) return undefined;
    if (answer === "end" || answer.Body === undefined) return new Uint8Array();
    try {
      const bytes = await answer.Body.transformToByteArray();
      if (bytes.length === (answer.ContentLength ?? bytes.length)) return bytes;
    } catch (error) {
      if (breaks === maxBreaks) throw s3Error(error, bucket.name);
    }
    if (breaks === maxBreaks) throw partOnly(bucket, key);
  }
}

/** Streams an object out, across broken connections; nothing where it ends before `offset`. Throws `not_found`. */
export async function* download(
  bucket: Bucket,
  key: string,
  offset: number,
): AsyncGenerator<Uint8Array, undefined> {
  let at = offset;
  let etag: string | undefined;
  for (let breaks = 0; ; breaks++) {
    const answer = await open(bucket, { key, offset: at, etag });
    if (answer === "end") return undefined;
    etag = answer.ETag;
    const end = at + (answer.ContentLength ?? 0);
    try {
      for await (const chunk of answer.Body as AsyncIterable<Uint8Array>) {
        at += chunk.length;
        breaks = 0;
        yield chunk;
      }
      if (at >= end) return undefined;
    } catch (error) {
      if (breaks === maxBreaks) throw s3Error(error, bucket.name);
    }
    if (breaks === maxBreaks) throw partOnly(bucket, key);
  }
}

async function open(
  bucket: Bucket,
  { key, offset, etag }: { readonly key: string; readonly offset: number; readonly etag: string | undefined },
) {
  const range = offset === 0 ? {} : { Range: `bytes=${offset}-` };
  // The rest of an object that was replaced meanwhile is not the rest of this one.
  const same = etag === undefined ? {} : { IfMatch: etag };
  const answer = await bucket.find((s3) =>
    s3.getObject({ ...bucket.at(key), ...range, ...same }).catch(endOfObject),
  );
  if (answer === undefined)
    throw new MusterError("not_found", `There is no object ${key} in the object store.`);
  return answer;
}

/** S3 refuses a range that begins behind the end. */
function endOfObject(error: unknown): "end" {
  if (statusOf(error) === 416) return "end";
  throw error;
}

function partOnly(bucket: Bucket, key: string): MusterError {
  return new MusterError(
    "store_unavailable",
    `The S3 bucket ${bucket.name} has given only a part of ${key}, ${maxBreaks + 1} times. Check its server.`,
  );
}
