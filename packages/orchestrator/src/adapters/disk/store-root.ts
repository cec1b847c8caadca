import { randomUUID } from "node:crypto";
import { link, lstat, mkdir, readdir, realpath, rm, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Log, MusterError, pathInside, realFolder } from "@muster/base";
import { createFile, directoryMode, syncDirectory } from "./files.ts";
import { errnoOf, keyConflict, onDisk, symbolicLink, systemError, unless } from "./store-error.ts";

/** No key has a tilde: nothing in here can be listed or named. */
const incomingName = "~incoming";
const leftoverAgeMs = 24 * 3_600_000;
const maxKnownDirectories = 10_000;
const maxTries = 3;

/** The directory that everything lies in: made ready once, and never left by way of a link. */
export class StoreRoot {
  readonly directory: string;
  readonly #log: Log;
  #opening: Promise<string> | undefined;
  /** Directories whose names are durable. */
  readonly #known = new Map<string, Promise<void>>();

  constructor(directory: string, log: Log) {
    this.directory = resolve(directory);
    this.#log = log;
  }

  /** The root's real path. What fails is tried again with the next call. */
  async ready(): Promise<string> {
    this.#opening ??= onDisk(this.directory, () => this.#open());
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** The path of an object that may be there; undefined where not even its directory is. */
  async find(names: readonly string[]): Promise<string | undefined> {
    const path = pathOf(await this.ready(), names);
    return (await isReal(dirname(path))) ? path : undefined;
  }

  /** Has `place` put an object at its path, in a directory that is there, and makes its name durable. */
  async place<T>(names: readonly string[], place: (path: string) => Promise<T>): Promise<T> {
    const root = await this.ready();
    const path = pathOf(root, names);
    for (let tries = 1; ; tries++) {
      try {
        await this.#makeDirectories(root, names.slice(0, -1));
        if (!(await isReal(dirname(path)))) throw systemError("ENOENT", dirname(path));
        const result = await place(path);
        await unless(["ENOENT"], syncDirectory(dirname(path)));
        return result;
      } catch (error) {
        if (errnoOf(error) !== "ENOENT" || tries === maxTries) throw error;
        // Somebody has just removed the directory.
        this.#known.clear();
      }
    }
  }

  /** A new path for what is not whole yet. */
  async incomingPath(): Promise<string> {
    return join(await this.ready(), incomingName, `${process.pid}-${randomUUID()}`);
  }

  /** After somebody has removed the whole directory under us. */
  forget(): void {
    this.#opening = undefined;
    this.#known.clear();
  }

  async #open(): Promise<string> {
    const first = await mkdir(this.directory, { recursive: true, mode: directoryMode });
    const root = await realpath(this.directory);
    if (first !== undefined)
      for (
        let at = this.directory;
        at.length >= dirname(first).length && at !== dirname(at);
        at = dirname(at)
      )
        await syncDirectory(dirname(await realpath(at)));
    const incoming = join(root, incomingName);
    await unless(["EEXIST"], mkdir(incoming, { mode: directoryMode }));
    if (!(await isReal(incoming))) throw symbolicLink(incoming);
    await this.#sweep(incoming, await probe(incoming, this.directory));
    return root;
  }

  /** What crashes have left behind, by the file system's own clock. */
  async #sweep(incoming: string, nowMs: number): Promise<void> {
    let removed = 0;
    for (const name of await readdir(incoming)) {
      const path = join(incoming, name);
      const info = await unless(["ENOENT"], lstat(path));
      if (info === undefined || nowMs - info.mtimeMs < leftoverAgeMs) continue;
      await rm(path, { force: true, recursive: true });
      removed += 1;
    }
    if (removed > 0) this.#log.info({ removed }, "unfinished files of earlier runs removed");
  }

  async #makeDirectories(root: string, names: readonly string[]): Promise<void> {
    let parent = root;
    for (const name of names) {
      const path = join(parent, name);
      await this.#makeDirectory(path, parent);
      parent = path;
    }
  }

  #makeDirectory(path: string, parent: string): Promise<void> {
    const found = this.#known.get(path);
    if (found !== undefined) return found;
    if (this.#known.size >= maxKnownDirectories) this.#known.clear();
    const making = makeDurably(path, parent);
    making.catch(() => this.#known.delete(path));
    this.#known.set(path, making);
    return making;
  }
}

async function makeDurably(path: string, parent: string): Promise<void> {
  await unless(["EEXIST"], mkdir(path, { mode: directoryMode }));
  const info = await lstat(path);
  if (info.isSymbolicLink()) throw symbolicLink(path);
  if (!info.isDirectory()) throw keyConflict();
  await syncDirectory(parent);
}

function pathOf(root: string, names: readonly string[]): string {
  return pathInside(root, names, { place: "the object store" });
}

/** Whether a directory is there. Throws where a link leads to it. */
async function isReal(directory: string): Promise<boolean> {
  const state = await realFolder(directory);
  if (state === "linked") throw symbolicLink(directory);
  return state === "there";
}

/** The time by the file system; throws where `putIfAbsent` could have two winners. */
async function probe(incoming: string, directory: string): Promise<number> {
  const path = join(incoming, `probe-${randomUUID()}`);
  const handle = await createFile(path);
  try {
    await link(path, `${path}.link`);
    const isExclusive = await link(path, `${path}.link`).then(
      () => false,
      (error: unknown) => errnoOf(error) === "EEXIST",
    );
    if (!isExclusive) throw noLinks(directory);
    return (await handle.stat()).mtimeMs;
  } catch (error) {
    const isUnable = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(errnoOf(error) ?? "");
    throw isUnable ? noLinks(directory) : error;
  } finally {
    await handle.close();
    for (const name of [path, `${path}.link`]) await unless(["ENOENT"], unlink(name));
  }
}

function noLinks(directory: string): MusterError {
  return new MusterError(
    "unsupported",
    `The file system of ${directory} has no hard links, which keep two orchestrators from doing the same work. Put the ` +
      "object store on another one (ext4, xfs, btrfs, apfs, NFS), or into S3.",
  );
}
