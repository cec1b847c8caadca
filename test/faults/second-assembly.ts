import { cp } from "node:fs/promises";
import { join } from "node:path";
import { createDiskObjectStore, objectKeys } from "@muster/orchestrator/testing";
import { type BatchJson, createBatchApi } from "../harness/batch-api.ts";
import { type AtEnd, temporaryDirectory } from "../harness/cluster.ts";
import { startOffice } from "../harness/office.ts";

export interface AssembledFiles {
  readonly batch: BatchJson;
  readonly output: string;
  readonly errors: string;
}

/**
 * Has the files of a finished batch put together again: in a copy of the store, as it is when the first assembly is
 * interrupted just before its end, by an orchestrator and a Redis that have never heard of the batch.
 */
export async function assembleAgain(
  storeDirectory: string,
  batch: BatchJson,
  atEnd: AtEnd,
): Promise<AssembledFiles> {
  const copy = join(await temporaryDirectory(atEnd), "store");
  await cp(storeDirectory, copy, { recursive: true });
  const store = createDiskObjectStore({ directory: copy });
  await store.remove(objectKeys.batchEvent(batch.id, "sealed"));
  for (const fileId of [batch.output_file_id, batch.error_file_id])
    if (fileId !== null) await store.removeAll(objectKeys.file(fileId));
  await store.put(objectKeys.activeBatch(batch.id), new Uint8Array());
  await store.close();

  const office = await startOffice({ orchestrators: 1, workers: 1, slots: 1, storeDirectory: copy }, atEnd);
  const api = createBatchApi({ url: office.url });
  const again = await api.untilState(batch.id, batch.status, 60_000);
  const content = async (fileId: string | null) => (fileId === null ? "" : api.content(fileId));
  return {
    batch: again,
    output: await content(again.output_file_id),
    errors: await content(again.error_file_id),
  };
}
