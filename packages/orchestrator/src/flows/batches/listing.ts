import type { ObjectStore } from "../../ports/object-store.ts";

const loadsAtOnce = 32;

/** The last part of a key. */
export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

/** The names of the markers below a prefix, in the order that was asked for, from `after` on. */
export async function markerNames(
  store: ObjectStore,
  prefix: string,
  { order, after }: { readonly order: "asc" | "desc"; readonly after: string | undefined },
): Promise<string[]> {
  const names: string[] = [];
  const options = order === "asc" && after !== undefined ? { after: prefix + after } : {};
  for await (const { key } of store.list(prefix, options)) {
    const name = nameOf(key);
    // Keys come in order: from here on everything is as new as `after`, or newer.
    if (order === "desc" && after !== undefined && name >= after) break;
    names.push(name);
  }
  return order === "asc" ? names : names.reverse();
}

/**
 * Loads until `limit` were found, a few at once, in the order of the names. What loads as undefined does not count.
 */
export async function firstFound<T>(
  names: readonly string[],
  limit: number,
  load: (name: string) => Promise<T | undefined>,
): Promise<{ readonly found: readonly T[]; readonly hasMore: boolean }> {
  const found: T[] = [];
  for (let at = 0; at < names.length && found.length <= limit; at += loadsAtOnce) {
    const loaded = await Promise.all(names.slice(at, at + loadsAtOnce).map(load));
    for (const one of loaded) if (one !== undefined) found.push(one);
  }
  return { found: found.slice(0, limit), hasMore: found.length > limit };
}
