import type { LaneClass } from "../lane.ts";
import { type Candidate, canDo, clearlyFaster, expectedTimesMs, type Wanted } from "./choose-replica.ts";

/** A slot that is taken, and when its answer should be complete; undefined: nobody knows. */
export interface SlotInUse {
  readonly takenAtMs: number;
  readonly endsAtMs: number | undefined;
}

export interface CandidateWithEnds extends Candidate {
  readonly taken: Iterable<SlotInUse>;
}

/** Nobody waits longer by choice: expectations may be wrong, and people would rather see a slow answer begin. */
const maxPatienceMs: Readonly<Record<LaneClass, number>> = { interactive: 5_000, batch: 120_000 };
/** So many slots are looked at: those that fall free first. */
const maxSlots = 64;
/** What should have ended has at least this share of its time left; longer overdue, as long again as it is overdue. */
const leastLeft = 0.1;

interface ComingSlot<C> {
  readonly replica: C;
  /** When it falls free to who asks next, from now. */
  freeInMs: number;
}

/**
 * The slots of full replicas, for requests that could have a free one on a slower replica, in the order in which they
 * wait: each that waits for one of these leaves a later turn to the next. So a queue that is long enough keeps slow
 * replicas busy, and the last few of a batch do not end up on them.
 */
export class FastSlots<C extends CandidateWithEnds> {
  readonly #slots: readonly ComingSlot<C>[];

  constructor(candidates: readonly C[], wanted: Wanted, nowMs: number) {
    const coming: { readonly slot: ComingSlot<C>; readonly doneMs: number }[] = [];
    for (const replica of candidates) {
      if (replica.slotsUsed < replica.slots) continue;
      const runMs = runOn(replica, wanted);
      if (runMs === undefined) continue;
      for (const slot of replica.taken) {
        const freeInMs = leftOf(slot, nowMs);
        if (freeInMs !== undefined) coming.push({ slot: { replica, freeInMs }, doneMs: freeInMs + runMs });
      }
    }
    coming.sort((a, b) => a.doneMs - b.doneMs);
    this.#slots = coming.slice(0, maxSlots).map(({ slot }) => slot);
  }

  /**
   * How long the next request should leave alone what is free, where that would take `expectedMs`, because one of these
   * has it done clearly earlier all the same; undefined: it takes what is free.
   */
  patienceMs(wanted: Wanted & { readonly laneClass: LaneClass }, expectedMs: number): number | undefined {
    const mostMs = maxPatienceMs[wanted.laneClass];
    const worthwhileMs = expectedMs / clearlyFaster;
    let best: { readonly slot: ComingSlot<C>; readonly doneMs: number } | undefined;
    let fastestMs = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots) {
      const runMs = runOn(slot.replica, wanted);
      if (runMs === undefined || slot.freeInMs > mostMs) continue;
      fastestMs = Math.min(fastestMs, runMs);
      const doneMs = slot.freeInMs + runMs;
      if (best === undefined || doneMs < best.doneMs) best = { slot, doneMs };
    }
    if (best === undefined || best.doneMs >= worthwhileMs) return undefined;
    best.slot.freeInMs = best.doneMs;
    return Math.min(mostMs, worthwhileMs - fastestMs);
  }
}

/** On a replica that is full but for this request; undefined: it is not to have it, or nobody knows. */
function runOn(replica: Candidate, wanted: Wanted): number | undefined {
  const isUsable = replica.isAccepting && (replica.badness ?? 0) === 0 && canDo(replica, wanted.needs);
  if (!isUsable || wanted.avoid.has(replica.workerId)) return undefined;
  const times = expectedTimesMs(replica, Math.max(0, replica.slots - 1), wanted);
  return times === undefined ? undefined : times.prefillMs + times.decodeMs;
}

function leftOf({ takenAtMs, endsAtMs }: SlotInUse, nowMs: number): number | undefined {
  if (endsAtMs === undefined) return undefined;
  return Math.max(endsAtMs - nowMs, nowMs - endsAtMs, leastLeft * (endsAtMs - takenAtMs));
}
