import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";

/** All that Redis holds under a prefix, and all files of a directory, as one text to search in. */
export async function everythingStored(places: {
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly directory: string;
}): Promise<string> {
  const parts: string[] = [];
  const redis = new Redis(places.redisUrl);
  try {
    for await (const keys of redis.scanStream({ match: `*${places.redisPrefix}*`, count: 1_000 }))
      for (const key of keys as string[]) {
        const dump = await redis.dumpBuffer(key);
        parts.push(key, dump?.toString("latin1") ?? "");
      }
  } finally {
    redis.disconnect();
  }
  for (const entry of await readdir(places.directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) parts.push(entry.name, await readFile(join(entry.parentPath, entry.name), "latin1"));
  return parts.join("\n");
}
