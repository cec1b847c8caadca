import type { Clock, Log } from "@muster/base";
import { createDiskObjectStore } from "./adapters/disk/object-store.ts";
import { createS3ObjectStore } from "./adapters/s3/object-store.ts";
import { parseObjectStoreUri } from "./core/object-store-uri.ts";
import type { ObjectStore } from "./ports/object-store.ts";

/** Where files, batches and records are: a directory, or S3. */
export async function openObjectStore(
  uri: string,
  deps: { readonly log: Log; readonly clock: Clock },
): Promise<ObjectStore> {
  const place = parseObjectStoreUri(uri);
  if (place.kind === "directory") return createDiskObjectStore({ directory: place.path, log: deps.log });
  const store = createS3ObjectStore({ ...place, ...deps });
  await store.ready();
  return store;
}
