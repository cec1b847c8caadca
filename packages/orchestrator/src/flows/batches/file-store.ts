import { type Clock, MusterError } from "@muster/base";
import { isFileId } from "../../core/batches/ids.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { ObjectInfo, ObjectStore } from "../../ports/object-store.ts";
import type { StoredBytes, UploadOf } from "../quota/stored-bytes.ts";
import { firstFound, markerNames } from "./listing.ts";
import { jsonBytes, readRecord } from "./stored-json.ts";

export interface FileRecord {
  readonly id: string;
  readonly tenant: string;
  readonly filename: string;
  /** `batch`: lines to be answered; `batch_output`: what came of them. */
  readonly purpose: "batch" | "batch_output";
  readonly bytes: number;
  readonly createdAtMs: number;
  /** Undefined: kept until it is removed. */
  readonly expiresAtMs: number | undefined;
}

type FileDetails = Pick<FileRecord, "tenant" | "filename" | "purpose"> & {
  readonly expiresAfterMs?: number | undefined;
};

/** Content that has arrived, and is no file yet. */
export interface ReceivedContent {
  readonly bytes: number;
  keep(details: FileDetails): Promise<FileRecord>;
  discard(): Promise<void>;
}

interface FileStoreDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly newId: (prefix: "file-") => string;
  /** Ids of the files that batches which are not over read. */
  readonly inUse: () => Promise<ReadonlySet<string>>;
  /** Counts what the files of each tenant take; undefined: nobody does. */
  readonly storedBytes?: StoredBytes | undefined;
}

const recordFields = ["id", "tenant", "filename", "purpose", "bytes", "createdAtMs"] as const;
/** What stays of an upload that was cut off by a crash is removed after this. */
const leftoverMs = 86_400_000;

/**
 * Files of all tenants. A file is there once its record is, which is written last and removed first; nobody sees what
 * belongs to another tenant or has expired.
 */
export class FileStore {
  readonly #deps: FileStoreDeps;

  constructor(deps: FileStoreDeps) {
    this.#deps = deps;
  }

  async create({
    content,
    ...details
  }: FileDetails & { readonly content: AsyncIterable<Uint8Array> }): Promise<FileRecord> {
    const received = await this.receive(content);
    return received.keep(details);
  }

  /**
   * Streams content in before it is known what it is. Throws `request_too_large`, `quota_exceeded` as soon as it is clear
   * that it is more than `upload` may have, and what `content` throws.
   */
  async receive(
    content: AsyncIterable<Uint8Array>,
    limitBytes?: number,
    upload?: UploadOf,
  ): Promise<ReceivedContent> {
    const { store, clock, newId, storedBytes } = this.#deps;
    const id = newId("file-");
    const createdAtMs = clock.wallMs();
    const options = limitBytes === undefined ? {} : { limitBytes };
    const claim = upload === undefined ? undefined : storedBytes?.upload(upload, id);
    const put = () => store.put(objectKeys.fileContent(id), claim?.counted(content) ?? content, options);
    const { bytes } = await put().catch(async (error: unknown) => {
      await claim?.release();
      throw error;
    });
    return {
      bytes,
      keep: async ({ tenant, filename, purpose, expiresAfterMs }) => {
        const expiresAtMs = expiresAfterMs === undefined ? undefined : createdAtMs + expiresAfterMs;
        await claim?.settle(bytes);
        return this.#write({ id, tenant, filename, purpose, bytes, createdAtMs, expiresAtMs });
      },
      discard: async () => {
        await store.removeAll(objectKeys.file(id));
        await claim?.release();
      },
    };
  }

  /** The bytes of each file of a tenant. */
  async bytesOfTenant(tenant: string): Promise<ReadonlyMap<string, number>> {
    const names = await markerNames(this.#deps.store, objectKeys.tenantFiles(tenant), {
      ...{ order: "asc", after: undefined },
    });
    const { found } = await firstFound(names, names.length, async (id) => {
      const record = await this.#load(id);
      return record?.tenant === tenant ? record : undefined;
    });
    return new Map(found.map(({ id, bytes }) => [id, bytes]));
  }

  /** Writes a file whose id is known before: writing it again changes nothing that anybody could see. */
  async putOutput({
    content,
    ...file
  }: Omit<FileRecord, "purpose" | "bytes"> & {
    readonly content: AsyncIterable<Uint8Array>;
  }): Promise<FileRecord> {
    const { bytes } = await this.#deps.store.put(objectKeys.fileContent(file.id), content);
    await this.#deps.storedBytes?.noted(file.tenant, file.id, bytes);
    return this.#write({ ...file, purpose: "batch_output", bytes });
  }

  /** Throws `not_found`. */
  async get(tenant: string, id: string): Promise<FileRecord> {
    const record = isFileId(id) ? await this.#load(id) : undefined;
    if (record === undefined || record.tenant !== tenant || this.#isExpired(record)) throw noFile(id);
    return record;
  }

  /** Throws `not_found`. */
  async *content(tenant: string, id: string): AsyncIterable<Uint8Array> {
    await this.get(tenant, id);
    yield* this.#deps.store.read(objectKeys.fileContent(id));
  }

  async list(
    tenant: string,
    page: {
      readonly after: string | undefined;
      readonly limit: number;
      readonly order: "asc" | "desc";
      readonly purpose: string | undefined;
    },
  ): Promise<{ readonly files: readonly FileRecord[]; readonly hasMore: boolean }> {
    const names = await markerNames(this.#deps.store, objectKeys.tenantFiles(tenant), page);
    const { found, hasMore } = await firstFound(names, page.limit, async (id) => {
      const record = await this.#load(id);
      const isAsked = record?.tenant === tenant && record.purpose === (page.purpose ?? record.purpose);
      return isAsked && !this.#isExpired(record) ? record : undefined;
    });
    return { files: found, hasMore };
  }

  /** Throws `not_found`, and `invalid_request` while a batch reads it. */
  async remove(tenant: string, id: string): Promise<void> {
    const record = await this.get(tenant, id);
    const inUse = await this.#deps.inUse();
    if (inUse.has(id))
      throw new MusterError(
        "invalid_request",
        `The file "${id}" is the input of a batch that is not over. Cancel the batch first, or wait for it.`,
      );
    await this.#remove(record);
  }

  /** Removes what has expired, and what crashes have left. */
  async sweep(nowMs: number): Promise<void> {
    const inUse = await this.#deps.inUse();
    for await (const { id, objects } of this.#folders()) {
      if (inUse.has(id)) continue;
      const record = await this.#load(id);
      if (record === undefined) {
        const isOld = objects.every(({ modifiedAtMs }) => nowMs - modifiedAtMs > leftoverMs);
        if (isOld) await this.#deps.store.removeAll(objectKeys.file(id));
      } else if (this.#isExpired(record, nowMs)) await this.#remove(record);
    }
  }

  /** The objects of each file together. */
  async *#folders(): AsyncIterable<{ readonly id: string; readonly objects: readonly ObjectInfo[] }> {
    let id: string | undefined;
    let objects: ObjectInfo[] = [];
    for await (const object of this.#deps.store.list(objectKeys.files)) {
      const next = object.key.split("/")[1] ?? "";
      if (id !== undefined && id !== next) {
        yield { id, objects };
        objects = [];
      }
      id = next;
      objects.push(object);
    }
    if (id !== undefined) yield { id, objects };
  }

  async #write(record: FileRecord): Promise<FileRecord> {
    const { store } = this.#deps;
    await store.put(objectKeys.tenantFile(record.tenant, record.id), new Uint8Array());
    await store.put(objectKeys.fileRecord(record.id), jsonBytes(record));
    return record;
  }

  async #remove({ tenant, id }: FileRecord): Promise<void> {
    const { store } = this.#deps;
    await store.remove(objectKeys.fileRecord(id));
    await store.removeAll(objectKeys.file(id));
    await store.remove(objectKeys.tenantFile(tenant, id));
    await this.#deps.storedBytes?.released(tenant, id);
  }

  async #load(id: string): Promise<FileRecord | undefined> {
    if (!isFileId(id)) return undefined;
    return readRecord<FileRecord>(this.#deps.store, objectKeys.fileRecord(id), recordFields);
  }

  #isExpired({ expiresAtMs }: FileRecord, nowMs = this.#deps.clock.wallMs()): boolean {
    return expiresAtMs !== undefined && expiresAtMs <= nowMs;
  }
}

function noFile(id: string): MusterError {
  return new MusterError(
    "not_found",
    `There is no file "${id.slice(0, 64)}": it was never there, was removed, or has expired.`,
  );
}
