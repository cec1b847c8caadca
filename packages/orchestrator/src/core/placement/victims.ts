import type { FleetPlan } from "./fleet-plan.ts";
import type { ModelCase } from "./model-case.ts";
import { givesWork, type Held, isUnderWay } from "./room.ts";

/**
 * What a load is for, in the order in which it is met: pins; the first replica for people who wait; more for them; the
 * first for a batch; a GPU for a model that has only last resorts; more for batches.
 */
export const needs = ["pin", "first", "more", "first-batch", "better", "more-batch"] as const;
/** Between batches a turn is given only to whoever has still so much less than the other after it. */
const clearGain = 0.5;

export type Need = (typeof needs)[number];

/** Least valuable first: of no use, then not asked for, then not needed; among these idle ones, and those used longest ago. */
export function byValue(plan: FleetPlan): (a: Held, b: Held) => number {
  const rank = (held: Held): number => {
    if (held.isKept) return 4;
    const one = plan.caseOf(held.model);
    if (one === undefined) return plan.isAskedUnknown(held.model) ? 3 : 0;
    if (!one.replicas.has(held)) return 0;
    if (one.wantedTotal === 0) return 1;
    return isSpare(plan, held) ? 2 : 3;
  };
  const busy = ({ replica }: Held) => (replica === undefined || replica.slotsUsed > 0 ? 1 : 0);
  const lastUsed = ({ replica }: Held) => replica?.lastUsedAtMs ?? plan.nowMs;
  return (a, b) =>
    rank(a) - rank(b) || busy(a) - busy(b) || lastUsed(a) - lastUsed(b) || (a.id < b.id ? -1 : 1);
}

/** Whether what is asked for is served as well without it. Those that still load do not count. */
export function isSpare(plan: FleetPlan, held: Held, lostSlots = 0): boolean {
  const one = plan.caseOf(held.model);
  if (one === undefined) return !plan.isAskedUnknown(held.model);
  if (!one.replicas.has(held) || one.wantedTotal === 0) return true;
  const left = one.readySlots - lostSlots - (givesWork(held) ? held.slots : 0);
  return left > 0 && left >= one.wantedTotal;
}

/** Who asks for another's memory, and what for. */
export interface Asked {
  readonly one: ModelCase;
  readonly need: Need;
  /** Whether replicas in use may be chosen, to be retired. */
  readonly mayBeInUse: boolean;
  /** Slots that the same model loses already. */
  readonly lostSlots: number;
}

/** It has been there for its least stay, and nobody insists on it. */
export function isSettled(plan: FleetPlan, held: Held): boolean {
  return isMovable(held) && plan.stayedMs(held) >= plan.policy.leastStayMs;
}

function isMovable(held: Held): boolean {
  return !held.isKept && !held.isRetiring && !isUnderWay(held);
}

export function mayGo(plan: FleetPlan, held: Held, asked: Asked): boolean {
  const isOfNoUse = isIdle(plan, held) && isSpare(plan, held, asked.lostSlots);
  const needsNoStay = asked.need === "pin" || (asked.need === "first" && isOfNoUse);
  if (needsNoStay ? !isMovable(held) : !isSettled(plan, held)) return false;
  return mayEvict(plan, held, asked) || (asked.mayBeInUse && mayRetire(plan, held, asked));
}

/** It has nothing to do: whoever waits and has nothing need not wait until it has stayed. */
export function isIdle(plan: FleetPlan, held: Held): boolean {
  const isUnused = held.replica !== undefined && held.replica.slotsUsed === 0;
  return isUnused && isMovable(held) && plan.idleMs(held) >= plan.policy.yieldAfterMs;
}

/** Whether it may go at once for another model's need. */
function mayEvict(plan: FleetPlan, held: Held, { need, lostSlots }: Asked): boolean {
  const { replica } = held;
  if (replica === undefined || replica.slotsUsed > 0) return false;
  if (need === "pin") return true;
  if (!isSpare(plan, held, lostSlots)) return false;
  return need === "first" || plan.idleMs(held) >= plan.policy.idleAfterMs;
}

/**
 * Whether a replica in use may be retired for another model's need: its own people keep the slots they want, its
 * model keeps a replica unless it had its turn, and between batches the one that has clearly less gains.
 */
function mayRetire(plan: FleetPlan, held: Held, { one, need, lostSlots }: Asked): boolean {
  if (held.replica?.state !== "ready") return false;
  if (need === "pin") return true;
  const donor = plan.caseOf(held.model);
  if (donor === undefined) return false;
  const left = donor.readySlots - lostSlots - held.slots;
  const isLast = left <= 0;
  const hadItsTurn = plan.stayedMs(held) >= plan.policy.turnMs;
  const keepsPeople = left >= donor.wanted.interactive;
  switch (need) {
    case "first":
      return !donor.isInteractive || hadItsTurn || (keepsPeople && !isLast);
    case "more":
      return keepsPeople && (!isLast || hadItsTurn);
    case "first-batch":
      return keepsPeople && (!isLast || hadItsTurn);
    case "more-batch": {
      const share = ((one.slots + held.slots) / Math.max(1, one.wantedTotal)) * one.hostShare;
      const donorShare = (left / Math.max(1, donor.wantedTotal)) * donor.hostShare;
      return keepsPeople && !isLast && share <= clearGain * donorShare;
    }
    case "better":
      return false;
    default:
      return need satisfies never;
  }
}

/** Who has waited for long may take memory that is in use; whoever has people waiting and nothing at all, at once. */
export function mayTakeFromOthers(plan: FleetPlan, one: ModelCase, need: Need): boolean {
  if (need === "pin" || need === "first") return true;
  return need !== "better" && one.oldestWaitMs >= plan.policy.agingMs;
}
