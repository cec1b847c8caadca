/** A file that could make room. */
export interface EvictionCandidate {
  readonly id: string;
  readonly bytes: number;
  readonly lastUsedMs: number;
  /** It stays whatever happens: loaded, being fetched, or pinned. */
  readonly isKept: boolean;
}

export interface DiskNeed {
  /** Still to be written. */
  readonly neededBytes: number;
  /** Taken by model files now, with what is promised to others. */
  readonly usedBytes: number;
  /** What model files may take in all; undefined: no limit but the disk's. */
  readonly budgetBytes: number | undefined;
  readonly freeDiskBytes: number;
  /** Of the disk, to stay free for everyone else. */
  readonly reserveBytes: number;
}

export type EvictionPlan =
  /** There is room once these are gone; oldest first, often none. */
  | { readonly kind: "room"; readonly remove: readonly string[] }
  /** Though all that may go went, this much would be missing. */
  | { readonly kind: "no-room"; readonly missingBytes: number };

/**
 * Which files go so that `neededBytes` fit: those that were not used for longest, and no more of them than it takes. Where
 * all of it is not enough, none goes.
 */
export function planEviction(candidates: readonly EvictionCandidate[], need: DiskNeed): EvictionPlan {
  const overBudgetBytes =
    need.budgetBytes === undefined ? 0 : need.usedBytes + need.neededBytes - need.budgetBytes;
  const overDiskBytes = need.neededBytes + need.reserveBytes - need.freeDiskBytes;
  const missingBytes = Math.max(overBudgetBytes, overDiskBytes);
  if (missingBytes <= 0) return { kind: "room", remove: [] };
  const oldestFirst = candidates
    .filter(({ isKept }) => !isKept)
    .sort((a, b) => a.lastUsedMs - b.lastUsedMs || (a.id < b.id ? -1 : 1));
  const chosen: EvictionCandidate[] = [];
  let freedBytes = 0;
  for (const candidate of oldestFirst) {
    if (freedBytes >= missingBytes) break;
    chosen.push(candidate);
    freedBytes += candidate.bytes;
  }
  if (freedBytes < missingBytes) return { kind: "no-room", missingBytes: missingBytes - freedBytes };
  // The last one may have been so large that earlier ones can stay: the newest of them first.
  const removed = chosen.toReversed().filter(({ bytes }) => {
    if (freedBytes - bytes < missingBytes) return true;
    freedBytes -= bytes;
    return false;
  });
  return { kind: "room", remove: removed.map(({ id }) => id).reverse() };
}

/** Left free on a disk where nothing else is said: a tenth of it, or 20 GB, whichever is less. */
export function defaultReserveBytes(diskBytes: number): number {
  return Math.min(Math.floor(diskBytes / 10), 20_000_000_000);
}
