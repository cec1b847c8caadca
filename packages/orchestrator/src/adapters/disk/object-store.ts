import type { Stats } from "node:fs";
import { type FileHandle, lstat, rm, statfs, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { type Log, MusterError, silentLog } from "@muster/base";
import { checkAfter, keyNames, prefixNames } from "../../core/object-key.ts";
import type { AppendLog, ObjectInfo, ObjectStore } from "../../ports/object-store.ts";
import { gathered, limited } from "../common/content.ts";
import { DiskAppendLog, maxPieceBytes } from "./append-log.ts";
import { openFile, readWhole, syncDirectory } from "./files.ts";
import { IncomingFile } from "./incoming-file.ts";
import { listObjects } from "./list-objects.ts";
import { onDisk, unless } from "./store-error.ts";
import { StoreRoot } from "./store-root.ts";

const writeBytes = 256 * 1024;
const readBytes = 256 * 1024;
const removeTries = 5;
/** What a missing object looks like: no name, a name below an object, or something that is no file. */
const absent = ["ENOENT", "ENOTDIR", "ENXIO"];

export interface DiskObjectStore extends ObjectStore {
  /** Makes the directory ready, which every other method does too; throws what is wrong with it. */
  ready(): Promise<void>;
}

/** Objects as files below one directory, which several machines may share. */
export function createDiskObjectStore(options: {
  readonly directory: string;
  readonly log?: Log;
  /** A log goes on in a new piece after so much: for tests. */
  readonly pieceBytes?: number;
}): DiskObjectStore {
  const { directory, log = silentLog, pieceBytes = maxPieceBytes } = options;
  return new DirectoryStore(new StoreRoot(directory, log), { log, pieceBytes });
}

class DirectoryStore implements DiskObjectStore {
  readonly #root: StoreRoot;
  readonly #logOptions: { readonly log: Log; readonly pieceBytes: number };

  constructor(root: StoreRoot, logOptions: { readonly log: Log; readonly pieceBytes: number }) {
    this.#root = root;
    this.#logOptions = logOptions;
  }

  async ready(): Promise<void> {
    await this.#root.ready();
  }

  async put(
    key: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    { limitBytes = Number.POSITIVE_INFINITY }: { readonly limitBytes?: number } = {},
  ): Promise<{ readonly bytes: number }> {
    const names = keyNames(key);
    const file = await IncomingFile.create(this.#root);
    try {
      for await (const piece of gathered(limited(content, limitBytes), writeBytes)) await file.write(piece);
      await file.replace(names);
      return { bytes: file.bytes };
    } finally {
      await file.close();
    }
  }

  async putIfAbsent(key: string, content: Uint8Array): Promise<boolean> {
    const names = keyNames(key);
    const file = await IncomingFile.create(this.#root);
    try {
      await file.write(content);
      return await file.claim(names);
    } finally {
      await file.close();
    }
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.#use(async () => {
      const path = await this.#root.find(keyNames(key));
      const info = path === undefined ? undefined : await unless(absent, lstat(path));
      return info?.isFile() ? { key, bytes: info.size, modifiedAtMs: info.mtimeMs } : undefined;
    });
  }

  get(
    key: string,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array | undefined> {
    return this.#use(async () => {
      const file = await this.#open(key);
      if (file === undefined) return undefined;
      try {
        const { offset, length } = range ?? { offset: 0, length: file.info.size };
        const present = Math.max(0, Math.min(length, file.info.size - offset));
        return await readWhole(file.handle, offset, present);
      } finally {
        await file.handle.close();
      }
    });
  }

  async *read(
    key: string,
    { offset = 0 }: { readonly offset?: number } = {},
  ): AsyncGenerator<Uint8Array, undefined> {
    const file = await this.#use(() => this.#open(key));
    if (file === undefined)
      throw new MusterError("not_found", `There is no object ${key} in the object store.`);
    try {
      for (let at = offset; ; ) {
        const chunk = await this.#use(() => readWhole(file.handle, at, readBytes));
        if (chunk.length > 0) yield chunk;
        if (chunk.length < readBytes) return undefined;
        at += chunk.length;
      }
    } finally {
      await file.handle.close();
    }
  }

  async *list(
    prefix: string,
    { after }: { readonly after?: string } = {},
  ): AsyncGenerator<ObjectInfo, undefined> {
    const names = prefixNames(prefix);
    if (after !== undefined) checkAfter(after);
    if (after !== undefined && after > prefix && !after.startsWith(prefix)) return undefined;
    const path = await this.#use(() => this.#root.find([...names, "any"]));
    if (path === undefined) return undefined;
    const rest = after?.startsWith(prefix) ? after.slice(prefix.length) : "";
    const objects = listObjects(dirname(path), prefix, { after: rest });
    for (;;) {
      const next = await this.#use(() => objects.next());
      if (next.done) return undefined;
      yield next.value;
    }
  }

  remove(key: string): Promise<void> {
    return this.#use(async () => {
      const path = await this.#root.find(keyNames(key));
      const info = path === undefined ? undefined : await unless(absent, lstat(path));
      if (path === undefined || info === undefined || info.isDirectory()) return;
      await unless(absent, unlink(path));
      await unless(absent, syncDirectory(dirname(path)));
    });
  }

  removeAll(prefix: string): Promise<void> {
    return this.#use(async () => {
      const path = await this.#root.find([...prefixNames(prefix), "any"]);
      if (path === undefined) return;
      // Somebody may still write below it.
      await rm(dirname(path), { recursive: true, force: true, maxRetries: removeTries });
      await unless(absent, syncDirectory(dirname(dirname(path))));
    });
  }

  openLog(key: string): AppendLog {
    return new DiskAppendLog(this.#root, key, this.#logOptions);
  }

  freeBytes(): Promise<number | undefined> {
    return this.#use(async () => {
      const { bavail, bsize } = await statfs(await this.#root.ready());
      return bavail * bsize;
    });
  }

  async close(): Promise<void> {}

  async #open(key: string): Promise<{ readonly handle: FileHandle; readonly info: Stats } | undefined> {
    const path = await this.#root.find(keyNames(key));
    const handle = path === undefined ? undefined : await unless(absent, openFile(path));
    if (handle === undefined) return undefined;
    const info = await handle.stat();
    if (info.isFile()) return { handle, info };
    await handle.close();
    return undefined;
  }

  #use<T>(work: () => Promise<T>): Promise<T> {
    return onDisk(this.#root.directory, work);
  }
}
