/** What a replica of ours holds, as far as its engine tells. */
export interface HeldMemory {
  readonly replicaId: string;
  readonly vramBytes: number;
  readonly ramBytes: number;
  readonly isFixed: boolean;
  /** Of a monotonic clock; the time it was loaded for one that has answered nothing yet. */
  readonly lastUsedMs: number;
}

/** What Muster may hold in all, with what it holds now. Undefined: nobody tells, so nothing is taken away. */
export interface OfferedMemory {
  readonly vramBytes: number | undefined;
  readonly ramBytes: number | undefined;
}

type Memory = { readonly vramBytes: number; readonly ramBytes: number };

/** Measured sizes are never quite the same twice: less than this is no shortage. */
const toleranceBytes = 64 * 1024 ** 2;
/** What came back must be larger than what it is for, so that it does not go again at once. */
const returnMargin = 1.1;

/**
 * Which replicas must go so that the rest fits into what is offered: those that the owner has not chosen before those
 * that he has, and the longest unused first. Only such as hold what is short.
 */
export function replicasToUnload(held: readonly HeldMemory[], offered: OfferedMemory): readonly string[] {
  const missing = {
    vramBytes: shortage(sumOf(held, "vramBytes"), offered.vramBytes),
    ramBytes: shortage(sumOf(held, "ramBytes"), offered.ramBytes),
  };
  const gone: string[] = [];
  for (const replica of [...held].sort(firstToGo)) {
    if (missing.vramBytes <= 0 && missing.ramBytes <= 0) break;
    const isOfUse =
      (missing.vramBytes > 0 && replica.vramBytes > 0) || (missing.ramBytes > 0 && replica.ramBytes > 0);
    if (!isOfUse) continue;
    gone.push(replica.replicaId);
    missing.vramBytes -= replica.vramBytes;
    missing.ramBytes -= replica.ramBytes;
  }
  return gone;
}

/** Whether something that had to go has room again beside what is held, with some to spare. */
export function hasRoomAgain(wanted: Memory, held: readonly Memory[], offered: OfferedMemory): boolean {
  const fits = (key: keyof Memory) =>
    offered[key] === undefined ||
    wanted[key] === 0 ||
    offered[key] - sumOf(held, key) >= wanted[key] * returnMargin;
  return fits("vramBytes") && fits("ramBytes");
}

function shortage(heldBytes: number, offeredBytes: number | undefined): number {
  if (offeredBytes === undefined || heldBytes - offeredBytes <= toleranceBytes) return 0;
  return heldBytes - offeredBytes;
}

function sumOf(held: readonly Memory[], key: keyof Memory): number {
  return held.reduce((sum, each) => sum + each[key], 0);
}

function firstToGo(one: HeldMemory, other: HeldMemory): number {
  if (one.isFixed !== other.isFixed) return one.isFixed ? 1 : -1;
  return one.lastUsedMs - other.lastUsedMs;
}
