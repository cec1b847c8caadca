import { statfs } from "node:fs/promises";

/** Undefined where the directory is not there, or says nothing. */
export async function freeSpace(directory: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
