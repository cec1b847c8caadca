import { createDiskObjectStore, objectKeys, SegmentDecoder } from "@muster/orchestrator/testing";

/** What a store says about how a batch was run. */
export interface StoreFacts {
  /** Results that were written: a line that was run twice counts twice. */
  readonly results: number;
  /** Times that the ledger was opened. */
  readonly generations: number;
}

export async function storeFacts(storeDirectory: string, batchId: string): Promise<StoreFacts> {
  const store = createDiskObjectStore({ directory: storeDirectory });
  try {
    let results = 0;
    for await (const { key } of store.list(objectKeys.segments(batchId))) {
      const decoder = new SegmentDecoder({ wants: "all" });
      for await (const chunk of store.read(key))
        results += decoder.push(chunk).filter(({ kind }) => kind === "result").length;
    }
    let generations = 0;
    for await (const _generation of store.list(objectKeys.generations(batchId))) generations += 1;
    return { results, generations };
  } finally {
    await store.close();
  }
}
