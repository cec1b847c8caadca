import { statfs } from "node:fs/promises";
import type { ReadDiskSpace } from "../../ports/disk-space.ts";

export const readDiskSpace: ReadDiskSpace = async (directory) => {
  try {
    const { bavail, blocks, bsize } = await statfs(directory);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    // Not made yet, or on a disk that is gone.
    return undefined;
  }
};
