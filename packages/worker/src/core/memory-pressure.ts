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

export type Memory = { readonly vramBytes: number; readonly ramBytes: number };

/** Measured sizes are never quite the same twice: less than this is no shortage. */
const toleranceBytes = 64 * 1024 ** 2;
/** What the owner has chosen though it was too large for the offer stays until others have taken this much more. */
const chosenToleranceBytes = 512 * 1024 ** 2;
/** What came back must be larger than what it is for by this share of it, so that it does not go again at once. */
const returnMargin = 0.1;
const nothing: Memory = { vramBytes: 0, ramBytes: 0 };

/**
 * Which replicas must go so that the rest fits into what is offered: those that the owner has not chosen before those
 * that he has, and the longest unused first. Only such as hold what is short.
 * @param spare see `spareFor`: what was short already when the owner's choice was loaded is no reason to let it go
 */
export function replicasToUnload(
  held: readonly HeldMemory[],
  offered: OfferedMemory,
  spare: Memory = nothing,
): readonly string[] {
  const missing = {
    vramBytes: shortage(sumOf(held, "vramBytes"), offered.vramBytes),
    ramBytes: shortage(sumOf(held, "ramBytes"), offered.ramBytes),
  };
  const gone: string[] = [];
  for (const replica of [...held].sort(firstToGo)) {
    const isShort = (key: keyof Memory) =>
      replica[key] > 0 && missing[key] > (replica.isFixed ? allowedShortage(spare[key]) : 0);
    if (!isShort("vramBytes") && !isShort("ramBytes")) continue;
    gone.push(replica.replicaId);
    missing.vramBytes -= replica.vramBytes;
    missing.ramBytes -= replica.ramBytes;
  }
  return gone;
}

/** What is left beside what the owner has chosen; less than nothing: more is held than was offered. */
export function spareFor(held: readonly HeldMemory[], offered: OfferedMemory): Memory {
  const chosen = held.filter(({ isFixed }) => isFixed);
  const spare = (key: keyof Memory) => (offered[key] === undefined ? 0 : offered[key] - sumOf(chosen, key));
  return { vramBytes: spare("vramBytes"), ramBytes: spare("ramBytes") };
}

/**
 * Whether something that had to go has room again beside what is held, with some to spare, or as much as there was when
 * it was loaded first (`spare`).
 */
export function hasRoomAgain(
  wanted: Memory,
  beside: { readonly held: readonly Memory[]; readonly offered: OfferedMemory; readonly spare: Memory },
): boolean {
  const { held, offered, spare } = beside;
  const fits = (key: keyof Memory) => {
    const offeredBytes = offered[key];
    if (offeredBytes === undefined || wanted[key] === 0) return true;
    const leftBytes = offeredBytes - sumOf(held, key) - wanted[key];
    return leftBytes >= Math.min(wanted[key] * returnMargin, spare[key] - toleranceBytes);
  };
  return fits("vramBytes") && fits("ramBytes");
}

function allowedShortage(spareBytes: number): number {
  return spareBytes < 0 ? chosenToleranceBytes - spareBytes : 0;
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
