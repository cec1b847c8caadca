import type { Dirent } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { isKeyName } from "../../core/object-key.ts";
import type { ObjectInfo } from "../../ports/object-store.ts";
import { unless } from "./store-error.ts";

/** A directory gives its names in no order. Where it has more, it is read again for the next ones. */
const maxNamesAtOnce = 20_000;
const statsAtOnce = 64;
const direntsAtOnce = 256;

interface Entry {
  readonly name: string;
  /** Its place among the keys: a directory's name ends with the slash that the keys below it go on with. */
  readonly sortKey: string;
}

/** The objects below a directory in the order of their keys, which begin with `prefix`; those behind `after` only. */
export async function* listObjects(
  directory: string,
  prefix: string,
  {
    after = "",
    namesAtOnce = maxNamesAtOnce,
  }: { readonly after?: string; readonly namesAtOnce?: number } = {},
): AsyncGenerator<ObjectInfo, undefined> {
  const leadsToAfter = (sortKey: string) => sortKey.endsWith("/") && after.startsWith(sortKey);
  let isWanted = (sortKey: string) => sortKey > after || leadsToAfter(sortKey);
  for (;;) {
    const entries = await firstEntries(directory, isWanted, namesAtOnce);
    for (let at = 0; at < entries.length; at += statsAtOnce)
      for (const { name, sortKey, info } of await withInfos(directory, entries.slice(at, at + statsAtOnce))) {
        if (info?.isFile()) yield { key: prefix + name, bytes: info.size, modifiedAtMs: info.mtimeMs };
        if (!sortKey.endsWith("/")) continue;
        const rest = leadsToAfter(sortKey) ? after.slice(sortKey.length) : "";
        yield* listObjects(join(directory, name), prefix + sortKey, { after: rest, namesAtOnce });
      }
    const last = entries.at(-1);
    if (last === undefined || entries.length < namesAtOnce) return undefined;
    isWanted = (sortKey) => sortKey > last.sortKey;
  }
}

function withInfos(directory: string, entries: readonly Entry[]) {
  return Promise.all(
    entries.map(async (entry) => ({
      ...entry,
      info: entry.sortKey.endsWith("/")
        ? undefined
        : await unless(["ENOENT"], lstat(join(directory, entry.name))),
    })),
  );
}

/** The first `count` of them by key. */
async function firstEntries(
  directory: string,
  isWanted: (sortKey: string) => boolean,
  count: number,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  const names = await unless(["ENOENT", "ENOTDIR"], opendir(directory, { bufferSize: direntsAtOnce }));
  if (names === undefined) return entries;
  for await (const dirent of names) {
    const entry = entryOf(dirent);
    if (entry === undefined || !isWanted(entry.sortKey)) continue;
    entries.push(entry);
    if (entries.length >= 2 * count) keepFirst(entries, count);
  }
  keepFirst(entries, count);
  return entries;
}

function keepFirst(entries: Entry[], count: number): void {
  entries.sort((a, b) => (a.sortKey < b.sortKey ? -1 : 1));
  entries.length = Math.min(entries.length, count);
}

/** Undefined for what is neither an object nor leads to some: links, and names that no key has. */
function entryOf(dirent: Dirent): Entry | undefined {
  const { name } = dirent;
  if (!isKeyName(name)) return undefined;
  if (dirent.isDirectory()) return { name, sortKey: `${name}/` };
  return dirent.isFile() ? { name, sortKey: name } : undefined;
}
