import type { MemoryProfile, ModelEntry } from "@muster/models";
import { objectKeys } from "../../core/batches/keys.ts";
import type { Pin } from "../../core/placement/fleet-state.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { jsonBytes, readRecord } from "../batches/stored-json.ts";

export interface AddedRecord {
  readonly entry: ModelEntry;
  readonly addedAtMs: number;
}

export interface PinRecord extends Pin {
  readonly model: string;
}

/** What a file of the built-in list was found to be. */
export interface SeenFileRecord {
  readonly model: string;
  readonly variant: string;
  /** As the list had it then: one that has changed since is looked at again. */
  readonly uri: string;
  readonly bytes: number;
  readonly sha256?: string | undefined;
  readonly profile: MemoryProfile;
  readonly readAtMs: number;
}

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

  constructor(deps: { readonly store: ObjectStore; readonly digest: Digest }) {
    this.#store = deps.store;
    this.#digest = deps.digest;
  }

  async load(): Promise<CatalogueRecords> {
    return {
      added: await this.#all<AddedRecord>(objectKeys.addedModels, ["entry"]),
      pins: await this.#all<PinRecord>(objectKeys.pins, ["model", "replicas", "labels"]),
      seen: await this.#all<SeenFileRecord>(objectKeys.seenFiles, ["model", "variant", "uri", "profile"]),
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

  async #all<T extends object>(prefix: string, fields: readonly (keyof T & string)[]): Promise<T[]> {
    const records: T[] = [];
    for await (const { key } of this.#store.list(prefix)) {
      if (records.length >= maxRecords) break;
      const record = await readRecord<T>(this.#store, key, fields);
      if (record !== undefined) records.push(record);
    }
    return records;
  }
}
