import { type Log, silentLog } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { jsonBytes, objectFrom } from "../batches/stored-json.ts";
import {
  type AddedRecord,
  type PinRecord,
  readAdded,
  readPin,
  readSeenFile,
  type SeenFileRecord,
} from "./read-records.ts";

export interface CatalogueRecords {
  readonly added: readonly AddedRecord[];
  readonly pins: readonly PinRecord[];
  readonly seen: readonly SeenFileRecord[];
}

/** More are a mistake, or an attack: every orchestrator reads them all. */
const maxRecords = 1_000;

/** What was changed about the catalogue, as the object store has it. */
export class CatalogueStore {
  readonly #store: ObjectStore;
  readonly #digest: Digest;
  readonly #log: Log;
  /** Told of once: all records are read again and again. */
  readonly #damaged = new Set<string>();

  constructor(deps: { readonly store: ObjectStore; readonly digest: Digest; readonly log?: Log }) {
    this.#store = deps.store;
    this.#digest = deps.digest;
    this.#log = deps.log ?? silentLog;
  }

  async load(): Promise<CatalogueRecords> {
    return {
      added: await this.#all(objectKeys.addedModels, readAdded),
      pins: await this.#all(objectKeys.pins, readPin),
      seen: await this.#all(objectKeys.seenFiles, readSeenFile),
    };
  }

  /** False where there is one of this id: of two at once one wins. */
  async add(record: AddedRecord): Promise<boolean> {
    return this.#store.putIfAbsent(objectKeys.addedModel(record.entry.id), jsonBytes(record));
  }

  async remove(id: string): Promise<void> {
    await this.#store.remove(objectKeys.pin(id));
    await this.#store.remove(objectKeys.addedModel(id));
  }

  async pin(record: PinRecord): Promise<void> {
    await this.#store.put(objectKeys.pin(record.model), jsonBytes(record));
  }

  async unpin(id: string): Promise<void> {
    await this.#store.remove(objectKeys.pin(id));
  }

  async saw(record: SeenFileRecord): Promise<void> {
    const name = this.#digest(`${record.model}:${record.variant}`);
    await this.#store.put(objectKeys.seenFile(name), jsonBytes(record));
  }

  /** One that is damaged is left out: it takes no other along. */
  async #all<T>(prefix: string, read: (value: object) => T | undefined): Promise<T[]> {
    const records: T[] = [];
    for await (const { key } of this.#store.list(prefix)) {
      if (records.length >= maxRecords) break;
      const bytes = await this.#store.get(key);
      if (bytes === undefined) continue;
      const value = objectFrom(bytes);
      const record = value === undefined ? undefined : read(value);
      if (record !== undefined) records.push(record);
      else this.#leaveOut(key);
    }
    return records;
  }

  #leaveOut(key: string): void {
    if (this.#damaged.has(key) || this.#damaged.size >= maxRecords) return;
    this.#damaged.add(key);
    this.#log.warn(
      { key },
      "a record of the catalogue is damaged and left out: remove it from the object store",
    );
  }
}
