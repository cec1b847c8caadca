import type { Log } from "@muster/base";
import { objectKeys } from "../core/batches/keys.ts";
import type { Digest } from "../ports/digest.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { jsonBytes, readRecord } from "./batches/stored-json.ts";
import { type PresenceRecord, recordFromJson, recordToJson } from "./presence-record.ts";

/** More workers than this are no office: the rest is not read. */
const maxRecords = 4_096;

/** The records of all orchestrators, in the object store. Methods throw what the store throws. */
export class PresenceStore {
  readonly #deps: { readonly store: ObjectStore; readonly digest: Digest; readonly log: Log };

  constructor(deps: { readonly store: ObjectStore; readonly digest: Digest; readonly log: Log }) {
    this.#deps = deps;
  }

  async read(workerId: string): Promise<PresenceRecord | undefined> {
    return this.#read(this.#keyOf(workerId));
  }

  async write(record: PresenceRecord): Promise<void> {
    await this.#deps.store.put(this.#keyOf(record.workerId), jsonBytes(recordToJson(record)));
  }

  async remove(workerId: string): Promise<void> {
    await this.#deps.store.remove(this.#keyOf(workerId));
  }

  async *all(): AsyncGenerator<PresenceRecord, undefined> {
    let count = 0;
    for await (const { key } of this.#deps.store.list(objectKeys.presences)) {
      if (++count > maxRecords) return;
      const record = await this.#read(key);
      if (record !== undefined) yield record;
    }
  }

  /** What is damaged counts as not there: it is written again. */
  async #read(key: string): Promise<PresenceRecord | undefined> {
    try {
      const value = await readRecord<PresenceRecord>(this.#deps.store, key, ["workerId"]);
      return value === undefined ? undefined : recordFromJson(value);
    } catch (error) {
      this.#deps.log.debug({ key, error: String(error) }, "presence not read");
      return undefined;
    }
  }

  /** Workers choose their ids. */
  #keyOf(workerId: string): string {
    return objectKeys.presence(this.#deps.digest(workerId));
  }
}
