import { isKey } from "../../core/object-key.ts";
import type { ObjectInfo } from "../../ports/object-store.ts";
import type { Bucket } from "./bucket.ts";

/** The objects whose keys begin with `prefix`, in their order; what others have put there under no key is left out. */
export async function* listBucket(
  bucket: Bucket,
  prefix: string,
  after?: string,
): AsyncGenerator<ObjectInfo, undefined> {
  const first = after === undefined ? {} : { StartAfter: bucket.at(after).Key };
  let token: string | undefined;
  do {
    const from = token === undefined ? first : { ContinuationToken: token };
    const page = await bucket.call((s3) =>
      s3.listObjectsV2({ Bucket: bucket.name, Prefix: bucket.at(prefix).Key, ...from }),
    );
    for (const { Key = "", Size = 0, LastModified } of page.Contents ?? []) {
      const key = Key.slice(bucket.prefix.length);
      if (isKey(key)) yield { key, bytes: Size, modifiedAtMs: LastModified?.getTime() ?? 0 };
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return undefined;
}
