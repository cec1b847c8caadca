/**
 * How much memory Muster may have. Programs that do not know of Muster come first: what they take is theirs at once, and
 * what they give back is ours only after it has stayed free for a while.
 */

/** What a program has on one GPU; undefined where the driver does not tell. */
interface ProcessMemory {
  readonly pid: number;
  readonly bytes: number | undefined;
}

/** What is kept free, where its owner has not said: the larger of both. */
export interface Reserve {
  readonly leastBytes: number;
  /** Of all of it. */
  readonly share: number;
}

export const vramReserve: Reserve = { leastBytes: 512 * 1024 ** 2, share: 0.05 };
export const ramReserve: Reserve = { leastBytes: 2 * 1024 ** 3, share: 0.15 };

/** Who sits at a machine opens programs: room for them is kept before they ask. */
const ownerFactor = 2;
/** Memory counts as free again after this time. */
const staysFreeMs = 30_000;

export function reserveBytes(
  reserve: Reserve,
  machine: {
    readonly totalBytes: number;
    /** As its owner wants it. */
    readonly configuredBytes: number | undefined;
    readonly isOwnerHere: boolean;
  },
): number {
  const { totalBytes, configuredBytes, isOwnerHere } = machine;
  const bytes = configuredBytes ?? Math.max(reserve.leastBytes, Math.round(totalBytes * reserve.share));
  return isOwnerHere ? bytes * ownerFactor : bytes;
}

/** `told`: by the driver, of our processes and of others'. `reported`: by our engines, which estimate. */
export type OwnMemory =
  | { readonly kind: "told"; readonly bytes: number; readonly othersBytes: number }
  | { readonly kind: "reported"; readonly bytes: number };

/**
 * What Muster has on one GPU. A driver that lists programs without ours (in a container their numbers differ) does not
 * tell.
 */
export function ownMemory(gpu: {
  readonly processes: readonly ProcessMemory[] | undefined;
  readonly ownPids: ReadonlySet<number>;
  /** Those that have ended lately: a driver may list them a moment longer. */
  readonly endedPids?: ReadonlySet<number>;
  readonly reportedBytes: number;
}): OwnMemory {
  const { processes, ownPids, endedPids, reportedBytes } = gpu;
  const isOwn = ({ pid }: ProcessMemory) => ownPids.has(pid) || endedPids?.has(pid) === true;
  const own = processes?.filter(isOwn) ?? [];
  const isTold = processes !== undefined && own.every(({ bytes }) => bytes !== undefined);
  if (isTold && (own.length > 0 || ownPids.size === 0)) {
    const others = processes.filter((each) => !isOwn(each));
    return { kind: "told", bytes: sumOf(own), othersBytes: sumOf(others) };
  }
  return { kind: "reported", bytes: reportedBytes };
}

/**
 * What other programs have; undefined where the driver does not tell how much is used. While an engine of ours comes or
 * goes (`isUnsure`), growth is ours unless the driver lists it under another program: what is used and who uses it are
 * never told of the same moment, and a load must not look like a game.
 */
export function othersMemory(gpu: {
  readonly usedBytes: number | undefined;
  readonly own: OwnMemory;
  readonly isUnsure: boolean;
  /** What it was before. */
  readonly beforeBytes: number | undefined;
}): number | undefined {
  const { usedBytes, own, isUnsure, beforeBytes } = gpu;
  if (usedBytes === undefined) return undefined;
  const bytes = Math.max(0, usedBytes - own.bytes);
  if (!isUnsure || beforeBytes === undefined) return bytes;
  return Math.min(bytes, own.kind === "told" ? Math.max(beforeBytes, own.othersBytes) : beforeBytes);
}

function sumOf(processes: readonly ProcessMemory[]): number {
  return processes.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
}

/** What Muster may have in all at this moment, with what it has. Never more than is free and ours, less the reserve. */
export function offerNow(memory: {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly ownBytes: number;
  readonly othersBytes: number | undefined;
  readonly reserveBytes: number;
  /** As its owner wants it. */
  readonly mostBytes: number | undefined;
}): number {
  const { totalBytes, freeBytes, ownBytes, othersBytes, reserveBytes, mostBytes } = memory;
  const bytes = Math.min(
    freeBytes + ownBytes - reserveBytes,
    totalBytes - (othersBytes ?? 0) - reserveBytes,
    mostBytes ?? Number.POSITIVE_INFINITY,
  );
  return Math.max(0, Math.floor(bytes));
}

/** An offer, and what it may grow to. */
export interface SettledOffer {
  readonly bytes: number;
  /** Set while more has been free: since when, and how much all that time. */
  readonly rising: { readonly sinceMs: number; readonly leastBytes: number } | undefined;
}

/** Shrinks at once; grows to what has been there for the whole of `staysFreeMs`: we do not fight over memory. */
export function settleOffer(before: SettledOffer | undefined, nowBytes: number, nowMs: number): SettledOffer {
  if (before === undefined || nowBytes <= before.bytes) return { bytes: nowBytes, rising: undefined };
  const rising = {
    sinceMs: before.rising?.sinceMs ?? nowMs,
    leastBytes: Math.min(before.rising?.leastBytes ?? nowBytes, nowBytes),
  };
  if (nowMs - rising.sinceMs < staysFreeMs) return { bytes: before.bytes, rising };
  const isMore = nowBytes > rising.leastBytes;
  return {
    bytes: rising.leastBytes,
    rising: isMore ? { sinceMs: nowMs, leastBytes: nowBytes } : undefined,
  };
}
