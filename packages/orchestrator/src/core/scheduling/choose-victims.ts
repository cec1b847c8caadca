import { type Candidate, eligibleReplicas, type Wanted } from "./choose-replica.ts";

/** A slot that is taken, as far as it matters to whoever waits for one. */
export interface TakenSlot {
  /** Its holder gives it back when it is asked to. */
  readonly isPreemptible: boolean;
  readonly isAsked: boolean;
  /** Grows with each slot that is taken. */
  readonly takenAt: number;
}

export interface CandidateInUse<T extends TakenSlot> extends Candidate {
  readonly taken: Iterable<T>;
}

/**
 * The slots to ask back for interactive requests that wait: at most one for each, and no more are asked and not yet
 * back than there are requests that wait. The youngest goes first, since the least is lost with it.
 */
export function chooseVictims<T extends TakenSlot>(
  candidates: readonly CandidateInUse<T>[],
  waiting: readonly Wanted[],
): readonly T[] {
  const coming = new Set<T>();
  let canAsk = false;
  for (const { isAccepting, taken } of candidates) {
    if (!isAccepting) continue;
    for (const slot of taken) {
      if (slot.isAsked) coming.add(slot);
      else if (slot.isPreemptible) canAsk = true;
    }
  }
  const room = waiting.length - coming.size;
  const victims = new Set<T>();
  if (!canAsk) return [];
  for (const wanted of waiting) {
    if (victims.size >= room) break;
    const replicas = eligibleReplicas(candidates, wanted);
    if (!claimComing(replicas, coming)) {
      const victim = youngest(replicas, victims);
      if (victim !== undefined) victims.add(victim);
    }
  }
  return [...victims];
}

/** Whether a slot is on its way back already that the request may have; it is no other's then. */
function claimComing<T extends TakenSlot>(replicas: readonly CandidateInUse<T>[], coming: Set<T>): boolean {
  if (coming.size === 0) return false;
  for (const { taken } of replicas) for (const slot of taken) if (coming.delete(slot)) return true;
  return false;
}

function youngest<T extends TakenSlot>(
  replicas: readonly CandidateInUse<T>[],
  victims: ReadonlySet<T>,
): T | undefined {
  let found: T | undefined;
  for (const { taken } of replicas) {
    for (const slot of taken) {
      if (!slot.isPreemptible || slot.isAsked || victims.has(slot)) continue;
      if (found === undefined || slot.takenAt > found.takenAt) found = slot;
    }
  }
  return found;
}
