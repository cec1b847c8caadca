export interface MemoryInfo {
  readonly totalBytes: number | undefined;
  /** What programs could get without swapping: caches that can be dropped count as free. */
  readonly availableBytes: number | undefined;
}

/** Reads Linux's /proc/meminfo. */
export function parseMeminfo(text: string): MemoryInfo {
  const read = (name: string): number | undefined => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text);
    return found === null ? undefined : Number(found[1]) * 1024;
  };
  return { totalBytes: read("MemTotal"), availableBytes: read("MemAvailable") };
}

/** Reads macOS's `vm_stat`; it does not tell the total. */
export function parseVmStat(text: string): MemoryInfo {
  const pageBytes = Number(/page size of (\d+) bytes/.exec(text)?.[1]);
  const pages = ["free", "inactive", "speculative"].map((name) =>
    Number(new RegExp(`^Pages ${name}:\\s+(\\d+)\\.$`, "m").exec(text)?.[1]),
  );
  const availableBytes = pages.reduce((sum, count) => sum + count, 0) * pageBytes;
  return {
    totalBytes: undefined,
    availableBytes: Number.isFinite(availableBytes) ? availableBytes : undefined,
  };
}
