import { type Clock, MusterError } from "@muster/base";
import {
  type BatchEvent,
  type BatchEvents,
  type BatchRecord,
  batchState,
  isTerminal,
} from "../../core/batches/batch.ts";
import { isBatchId, timeOfId } from "../../core/batches/ids.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { firstFound, markerNames, nameOf } from "./listing.ts";
import { jsonBytes, readRecord } from "./stored-json.ts";

interface BatchStoreDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly newId: (prefix: "batch_") => string;
}

export interface LoadedBatch {
  readonly record: BatchRecord;
  readonly events: BatchEvents;
  readonly isPaused: boolean;
}

const recordFields = ["id", "tenant", "inputFileId", "endpoint", "createdAtMs", "expiresAtMs"] as const;
/** What is kept of a batch that is over goes after this. */
const keptMs = 30 * 86_400_000;
/** What stays of a creation that was cut off by a crash is removed after this. */
const leftoverMs = 86_400_000;

/** Records and events of all batches. A batch is there once its record is, which is written last. */
export class BatchStore {
  readonly #deps: BatchStoreDeps;

  constructor(deps: BatchStoreDeps) {
    this.#deps = deps;
  }

  async create({
    windowMs,
    ...asked
  }: Omit<BatchRecord, "id" | "createdAtMs" | "expiresAtMs"> & {
    readonly windowMs: number;
  }): Promise<BatchRecord> {
    const { store, clock, newId } = this.#deps;
    const createdAtMs = clock.wallMs();
    const expiresAtMs = createdAtMs + windowMs;
    const record: BatchRecord = { ...asked, id: newId("batch_"), createdAtMs, expiresAtMs };
    await Promise.all([
      store.put(objectKeys.tenantBatch(record.tenant, record.id), new Uint8Array()),
      store.put(objectKeys.activeBatch(record.id), new Uint8Array()),
    ]);
    await store.put(objectKeys.batchRecord(record.id), jsonBytes(record));
    return record;
  }

  /** Throws `not_found`. */
  async get(tenant: string, id: string): Promise<BatchRecord> {
    const record = await this.#record(id);
    if (record?.tenant === tenant) return record;
    throw new MusterError("not_found", `There is no batch "${id.slice(0, 64)}".`);
  }

  async load(id: string): Promise<LoadedBatch | undefined> {
    const { store } = this.#deps;
    const [record, events, pause] = await Promise.all([
      this.#record(id),
      this.#events(id),
      isBatchId(id) ? store.head(objectKeys.batchPause(id)) : undefined,
    ]);
    return record === undefined ? undefined : { record, events, isPaused: pause !== undefined };
  }

  /** Newest first. */
  async list(
    tenant: string,
    { after, limit }: { readonly after: string | undefined; readonly limit: number },
  ): Promise<{ readonly records: readonly BatchRecord[]; readonly hasMore: boolean }> {
    const { store } = this.#deps;
    const ids = await markerNames(store, objectKeys.tenantBatches(tenant), { order: "desc", after });
    const { found, hasMore } = await firstFound(ids, limit, (id) => this.#record(id));
    return { records: found, hasMore };
  }

  /** Ids of those that are not over, oldest first; some may be just about to be there. */
  active(): Promise<string[]> {
    return markerNames(this.#deps.store, objectKeys.activeBatches, { order: "asc", after: undefined });
  }

  /** Writes what has happened, unless something of the kind has before; gives all that has by now. */
  async writeEvent(id: string, event: BatchEvent): Promise<BatchEvents> {
    const before = await this.#events(id);
    if (before[event.kind] !== undefined || isExcluded(event, before)) return before;
    await this.#deps.store.putIfAbsent(objectKeys.batchEvent(id, event.kind), jsonBytes(event));
    return this.#events(id);
  }

  async setPaused(id: string, isPaused: boolean): Promise<void> {
    const { store } = this.#deps;
    if (isPaused) await store.put(objectKeys.batchPause(id), new Uint8Array());
    else await store.remove(objectKeys.batchPause(id));
  }

  /** It is over. */
  async deactivate(id: string): Promise<void> {
    await this.#deps.store.remove(objectKeys.activeBatch(id));
  }

  /** Ids of the input files of batches that are not over. */
  async inputsInUse(): Promise<Set<string>> {
    const ids = await this.active();
    const { found } = await firstFound(ids, ids.length, (id) => this.load(id));
    // One that has just ended is still listed for a moment.
    const unfinished = found.filter(({ events }) => !isTerminal(batchState(events)));
    return new Set(unfinished.map(({ record }) => record.inputFileId));
  }

  /** Removes what has been over for 30 days, and what crashes have left. Output files are files: they go by their own time. */
  async sweep(nowMs: number): Promise<void> {
    for (const id of await this.active())
      if (nowMs - timeOfId(id) > leftoverMs && (await this.#record(id)) === undefined)
        await this.deactivate(id);
    for await (const id of this.#olderThan(nowMs - keptMs)) {
      const batch = await this.load(id);
      if (batch === undefined) await this.#deps.store.removeAll(objectKeys.batch(id));
      else if (endOf(batch.events) < nowMs - keptMs) await this.#remove(batch.record);
    }
  }

  /** Ids sort by age, so the first that is young enough is the end. */
  async *#olderThan(atMs: number): AsyncIterable<string> {
    const root = objectKeys.batches;
    let after: string | undefined;
    for (;;) {
      const id = await this.#firstBelow(root, after);
      if (id === undefined || timeOfId(id) >= atMs) return;
      yield id;
      // The key that would follow everything below the batch's own.
      after = `${root}${id}0`;
    }
  }

  async #firstBelow(root: string, after: string | undefined): Promise<string | undefined> {
    for await (const { key } of this.#deps.store.list(root, after === undefined ? {} : { after }))
      return key.slice(root.length).split("/")[0];
    return undefined;
  }

  /** The record goes first, and the batch with it: a sweep that is cut off leaves a folder for the next one. */
  async #remove({ id, tenant }: BatchRecord): Promise<void> {
    const { store } = this.#deps;
    await store.remove(objectKeys.tenantBatch(tenant, id));
    await store.remove(objectKeys.batchRecord(id));
    await store.removeAll(objectKeys.batch(id));
  }

  async #record(id: string): Promise<BatchRecord | undefined> {
    if (!isBatchId(id)) return undefined;
    return readRecord<BatchRecord>(this.#deps.store, objectKeys.batchRecord(id), recordFields);
  }

  async #events(id: string): Promise<BatchEvents> {
    if (!isBatchId(id)) return {};
    const { store } = this.#deps;
    const keys: string[] = [];
    for await (const { key } of store.list(objectKeys.batchEvents(id))) keys.push(key);
    const events = await Promise.all(keys.map((key) => readRecord<BatchEvent>(store, key, ["kind", "atMs"])));
    return Object.fromEntries(
      events.flatMap((event, at) =>
        event !== undefined && nameOf(keys[at] ?? "") === `${event.kind}.json` ? [[event.kind, event]] : [],
      ),
    );
  }
}

/** An input file is good or it is not: what was found first stays, also where two looked at it. */
function isExcluded({ kind }: BatchEvent, before: BatchEvents): boolean {
  if (kind === "validated") return before.failed !== undefined;
  if (kind === "failed") return before.validated !== undefined;
  return false;
}

function endOf(events: BatchEvents): number {
  if (!isTerminal(batchState(events))) return Number.POSITIVE_INFINITY;
  return events.sealed?.atMs ?? events.failed?.atMs ?? Number.POSITIVE_INFINITY;
}
