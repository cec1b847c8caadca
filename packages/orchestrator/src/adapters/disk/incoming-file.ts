import { type FileHandle, link, lstat, rename, unlink } from "node:fs/promises";
import { createFile, writeWhole } from "./files.ts";
import { keyConflict, onDisk, unless } from "./store-error.ts";
import type { StoreRoot } from "./store-root.ts";

/** An object on its way in: it gets its name when it is whole and durable. */
export class IncomingFile {
  readonly #root: StoreRoot;
  readonly #path: string;
  readonly #handle: FileHandle;
  #bytes = 0;

  private constructor(root: StoreRoot, path: string, handle: FileHandle) {
    this.#root = root;
    this.#path = path;
    this.#handle = handle;
  }

  static async create(root: StoreRoot): Promise<IncomingFile> {
    return onDisk(root.directory, async () => {
      const path = await root.incomingPath();
      const handle = await unless(["ENOENT"], createFile(path));
      if (handle !== undefined) return new IncomingFile(root, path, handle);
      root.forget();
      const again = await root.incomingPath();
      return new IncomingFile(root, again, await createFile(again));
    });
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(content: Uint8Array): Promise<void> {
    await onDisk(this.#root.directory, () => writeWhole(this.#handle, content, this.#bytes));
    this.#bytes += content.length;
  }

  /** Takes the place of whatever has this name. */
  async replace(names: readonly string[]): Promise<void> {
    await onDisk(this.#root.directory, async () => {
      await this.#handle.datasync();
      await this.#root.place(names, async (path) => {
        const renamed = await unless(
          ["EISDIR"],
          rename(this.#path, path).then(() => true),
        );
        if (renamed === undefined) throw keyConflict();
      });
    });
  }

  /** False where the name is taken. */
  async claim(names: readonly string[]): Promise<boolean> {
    return onDisk(this.#root.directory, async () => {
      await this.#handle.datasync();
      return this.#root.place(names, async (path) => {
        const linked = await unless(
          ["EEXIST"],
          link(this.#path, path).then(() => true),
        );
        if (linked === undefined && !(await lstat(path)).isFile()) throw keyConflict();
        return linked ?? false;
      });
    });
  }

  /** Removes what has not got a name of its own. */
  async close(): Promise<void> {
    await onDisk(this.#root.directory, async () => {
      await this.#handle.close();
      await unless(["ENOENT"], unlink(this.#path));
    });
  }
}
