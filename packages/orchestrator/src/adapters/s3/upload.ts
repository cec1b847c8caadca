import type { CompletedPart } from "@aws-sdk/client-s3";
import { type Log, MusterError } from "@muster/base";
import { gathered, limited } from "../common/content.ts";
import type { Bucket } from "./bucket.ts";

const partBytes = 8 * 1024 * 1024;
/** S3's own limit. */
const maxParts = 10_000;

/** Puts an object; in parts where it is larger than one. It is there when the last has come, or not at all. */
export async function upload(
  bucket: Bucket,
  {
    key,
    content,
    log,
  }: { readonly key: string; readonly content: AsyncIterable<Uint8Array>; readonly log: Log },
): Promise<{ readonly bytes: number }> {
  let parts: MultipartUpload | undefined;
  let bytes = 0;
  try {
    for await (const piece of gathered(content, partBytes)) {
      bytes += piece.length;
      if (parts === undefined && piece.length < partBytes) return await putObject(bucket, key, piece);
      parts ??= await MultipartUpload.begin(bucket, key);
      await parts.add(piece);
    }
    if (parts === undefined) return await putObject(bucket, key, new Uint8Array());
    await parts.complete();
    return { bytes };
  } catch (error) {
    await parts?.abort(log);
    throw error;
  }
}

/** Content that is there: sent as it is where one part takes it. */
export async function uploadBytes(
  bucket: Bucket,
  { key, content, log }: { readonly key: string; readonly content: Uint8Array; readonly log: Log },
): Promise<{ readonly bytes: number }> {
  if (content.length < partBytes) return putObject(bucket, key, content);
  return upload(bucket, { key, content: limited(content, content.length), log });
}

async function putObject(
  bucket: Bucket,
  key: string,
  content: Uint8Array,
): Promise<{ readonly bytes: number }> {
  await bucket.call((s3) => s3.putObject({ ...bucket.at(key), Body: content }));
  return { bytes: content.length };
}

class MultipartUpload {
  readonly #bucket: Bucket;
  readonly #at: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined };
  readonly #parts: CompletedPart[] = [];

  private constructor(bucket: Bucket, key: string, uploadId: string | undefined) {
    this.#bucket = bucket;
    this.#at = { ...bucket.at(key), UploadId: uploadId };
  }

  static async begin(bucket: Bucket, key: string): Promise<MultipartUpload> {
    const { UploadId } = await bucket.call((s3) => s3.createMultipartUpload(bucket.at(key)));
    return new MultipartUpload(bucket, key, UploadId);
  }

  async add(piece: Uint8Array): Promise<void> {
    const PartNumber = this.#parts.length + 1;
    if (PartNumber > maxParts)
      throw new MusterError(
        "request_too_large",
        `S3 takes no object larger than ${maxParts * partBytes} bytes in parts of ${partBytes}. Split it.`,
      );
    const { ETag } = await this.#bucket.call((s3) => s3.uploadPart({ ...this.#at, PartNumber, Body: piece }));
    this.#parts.push({ ETag, PartNumber });
  }

  async complete(): Promise<void> {
    const MultipartUpload = { Parts: this.#parts };
    await this.#bucket.call((s3) => s3.completeMultipartUpload({ ...this.#at, MultipartUpload }));
  }

  async abort(log: Log): Promise<void> {
    try {
      await this.#bucket.call((s3) => s3.abortMultipartUpload(this.#at));
    } catch (error) {
      log.warn({ key: this.#at.Key, error: String(error) }, "an unfinished upload stays in the bucket");
    }
  }
}
