import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@muster/base";
import { onTestFinished } from "vitest";
import { createDiskObjectStore } from "../../adapters/disk/object-store.ts";
import type { BatchEndpoint, BatchRecord } from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { readLineEntries } from "../../core/batches/line-index.ts";
import { createLineEndpoints } from "../../http/batch-lines/line-endpoints.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { type IngestLimits, ingestBatch } from "./ingest.ts";
import type { ServedNow } from "./ingest-line.ts";

const zeros = "0".repeat(31);
export const fileId = `file-${zeros}1`;
const batchId = `batch_${zeros}2`;

/** A store in a directory of its own, until the test ends. */
export async function testStore(): Promise<ObjectStore> {
  const directory = await mkdtemp(join(tmpdir(), "muster-objects-"));
  const store = createDiskObjectStore({ directory });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
  return store;
}

const models = ["chat", "small", "vectors"];

/** `chat` and `small` take chats, `vectors` texts to embed; none can do more. */
const someServed: ServedNow = {
  list: () => models,
  has: (model) => models.includes(model),
  capabilities: (model) => new Set([model === "vectors" ? "embedding" : "chat"]),
  canDo: (model, needs) => [...needs].every((need) => someServed.capabilities(model).has(need)),
  resolve: (name) => (models.includes(name) ? resolvedTo(name) : { kind: "unknown" }),
};

/** What a name that stands for `model` comes to. */
export function resolvedTo(model: string): ReturnType<ServedNow["resolve"]> {
  return { kind: "model", model, entry: undefined, variant: undefined, loadMs: 0 };
}

/** A good line, but for what `over` says. */
export function line(customId: unknown, over: Readonly<Record<string, unknown>> = {}): string {
  const body = { model: "chat", messages: [{ role: "user", content: "hello" }] };
  return JSON.stringify({ custom_id: customId, method: "POST", url: "/v1/chat/completions", body, ...over });
}

/** No worker has joined. */
export const nothingServed: ServedNow = {
  list: () => [],
  has: () => false,
  capabilities: () => new Set(),
  canDo: () => false,
  resolve: () => ({ kind: "unknown" }),
};

interface IngestAsked {
  readonly endpoint?: BatchEndpoint;
  readonly limits?: Partial<IngestLimits>;
  readonly signal?: AbortSignal;
  readonly store?: ObjectStore;
  readonly served?: ServedNow;
}

/** Ingests `content` as the input of a batch; gives what came of it, and the entries of the index if there is one. */
export async function ingest(content: string | Uint8Array, asked: IngestAsked = {}) {
  const store = asked.store ?? (await testStore());
  await store.put(objectKeys.fileContent(fileId), Buffer.from(content));
  const record: BatchRecord = {
    id: batchId,
    tenant: "default",
    inputFileId: fileId,
    endpoint: asked.endpoint ?? "/v1/chat/completions",
    completionWindow: "24h",
    createdAtMs: 0,
    expiresAtMs: 86_400_000,
    metadata: undefined,
    outputExpiresAfterMs: undefined,
    options: { priority: "normal", provenance: false, resultCache: false, webhookUrl: undefined },
  };
  const limits = { maxLines: 50_000, maxLineBytes: 1_048_576, ...asked.limits };
  const outcome = await ingestBatch(
    {
      store,
      endpoints: createLineEndpoints(),
      served: asked.served ?? someServed,
      limits,
      clock: systemClock,
    },
    { record, signal: asked.signal ?? new AbortController().signal },
  );
  const index = await store.get(objectKeys.lineIndex(batchId));
  return { outcome, entries: index === undefined ? undefined : readLineEntries(index), store };
}
