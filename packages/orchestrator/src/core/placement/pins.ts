import type { FleetPlan } from "./fleet-plan.ts";
import { hasLabels } from "./labels.ts";
import type { ModelCase } from "./model-case.ts";
import { type Held, isUnderWay, type Room } from "./room.ts";

/** Marks the replicas that satisfy pins: nobody else's need removes them. */
export function keepPins(plan: FleetPlan): void {
  // What is on its way does not take the place of what is there: that goes once it can be done without.
  const good = (held: Held) => Number(isUnderWay(held)) * 2 + Number(held.isLastResort);
  for (const one of plan.cases) {
    const { pin } = one.model;
    if (pin === undefined) continue;
    const kept = [...one.replicas]
      .filter(({ room }) => hasLabels(room.worker.labels, pin.labels))
      .sort((a, b) => good(a) - good(b) || (a.room.worker.id < b.room.worker.id ? -1 : 1))
      .slice(0, pin.replicas);
    for (const held of kept) held.isKept = true;
  }
}

export function pinRooms(one: ModelCase): readonly Room[] {
  const labels = one.model.pin?.labels ?? {};
  return one.rooms.filter(({ worker }) => hasLabels(worker.labels, labels));
}

/** How many replicas are pinned and not there, nor on their way. */
export function missingPins(one: ModelCase): number {
  const { pin } = one.model;
  if (pin === undefined) return 0;
  let there = 0;
  for (const { room } of one.replicas) if (hasLabels(room.worker.labels, pin.labels)) there += 1;
  for (const room of one.awaited.keys()) if (hasLabels(room.worker.labels, pin.labels)) there += 1;
  return Math.max(0, pin.replicas - there);
}

/** Whether it has to stay where it is: its owner chose it, or its model has no more replicas than are pinned. */
export function isTied(plan: FleetPlan, held: Held): boolean {
  if (!held.isKept || held.replica?.isFixed === true) return held.isKept;
  const one = plan.caseOf(held.model);
  return one === undefined || one.replicas.size <= (one.model.pin?.replicas ?? 0);
}
