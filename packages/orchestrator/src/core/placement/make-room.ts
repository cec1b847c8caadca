import type { FleetPlan } from "./fleet-plan.ts";
import { type Held, isUnderWay, type Room } from "./room.ts";
import { byValue, isSpare } from "./victims.ts";

/** The memory that a worker no longer offers is given back at once, whoever uses it: its owner comes first. */
export function unloadExcess(plan: FleetPlan): void {
  const compare = byValue(plan);
  for (const room of plan.rooms) {
    if (!room.worker.isOpen || isWithin(room, [])) continue;
    const victims: Held[] = [];
    for (const held of [...room.replicas].sort(compare)) {
      if (isWithin(room, victims)) break;
      if (held.replica?.isFixed !== true && helps(room, held)) victims.push(held);
    }
    for (const held of victims.toReversed()) {
      const fewer = victims.filter((victim) => victim !== held);
      if (isWithin(room, fewer)) victims.splice(victims.indexOf(held), 1);
    }
    for (const held of victims)
      plan.unload(held, `${room.worker.name} needs its memory for its own programs`, "too-large");
  }
}

/** What is of no use: could not be loaded, was retired and has answered, answers wrongly, or was long idle. */
export function sweep(plan: FleetPlan): void {
  for (const room of plan.rooms) {
    if (!room.worker.isOpen) continue;
    for (const held of [...room.replicas]) {
      const reason = uselessness(plan, held);
      if (reason === undefined) continue;
      if (held.isRetiring && held.replica?.state !== "failed") plan.turnsEnded.add(held.model);
      plan.unload(held, reason);
    }
  }
}

function uselessness(plan: FleetPlan, held: Held): string | undefined {
  const { replica, isRetiring } = held;
  if (replica === undefined || replica.isFixed) return undefined;
  if (replica.state === "failed") return "it could not be loaded";
  if (replica.slotsUsed > 0) return undefined;
  if (isRetiring) return "its turn is over, and its last answer is done";
  const { leastStayMs, unloadAfterMs } = plan.policy;
  if (plan.stayedMs(held) < leastStayMs) return undefined;
  if (plan.isDoubtful(replica))
    return replica.isWrong ? "its answers were wrong" : "nobody knows whether its answers are right";
  if (held.isKept || isUnderWay(held)) return undefined;
  if (plan.idleMs(held) < unloadAfterMs || !isSpare(plan, held)) return undefined;
  return `nobody has asked it for ${Math.round(plan.idleMs(held) / 60_000)} minutes`;
}

function isWithin(room: Room, gone: readonly Held[]): boolean {
  let { vramBytes, ramBytes } = room.excess;
  for (const held of gone) {
    vramBytes -= held.vramBytes;
    ramBytes -= held.ramBytes + (room.whole.isUnified ? held.vramBytes : 0);
  }
  return vramBytes <= 0 && ramBytes <= 0;
}

/** Whether it takes of the memory that is short. */
function helps(room: Room, held: Held): boolean {
  const { vramBytes, ramBytes } = room.excess;
  const ramToo = held.ramBytes > 0 || (room.whole.isUnified && held.vramBytes > 0);
  return (vramBytes > 0 && held.vramBytes > 0) || (ramBytes > 0 && ramToo);
}
