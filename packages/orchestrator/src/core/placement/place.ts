import { FleetPlan } from "./fleet-plan.ts";
import type { PlacementPlan, PlacementPolicy, PlacementState } from "./fleet-state.ts";
import { LoadPhase } from "./load-phase.ts";
import { sweep, unloadExcess } from "./make-room.ts";
import { keepPins } from "./pins.ts";
import { unmetWishes } from "./unmet.ts";

/** Each pass but the last has freed memory that the next looks at; what is left then waits for the next plan. */
const mostPasses = 4;

/**
 * What should be loaded where, as the steps from here to there. First what the owners' programs need is given back, then
 * what is of no use is unloaded, then pins, people and batches get what they lack, each in turn. Nothing that is in use
 * is unloaded while its memory is still offered.
 */
export function place(state: PlacementState, policy: PlacementPolicy): PlacementPlan {
  const plan = new FleetPlan(state, policy);
  keepPins(plan);
  unloadExcess(plan);
  // Where that took one, another takes its place.
  keepPins(plan);
  sweep(plan);
  const phase = new LoadPhase(plan);
  runPhase(plan, phase);
  // Where nobody else wants the room, a turn goes on.
  if (plan.turnsEnded.size > 0) {
    plan.turnsEnded.clear();
    runPhase(plan, phase);
  }
  return { actions: plan.actions, unmet: unmetWishes(plan, state, phase) };
}

function runPhase(plan: FleetPlan, phase: LoadPhase): void {
  for (let pass = 0; pass < mostPasses; pass++) {
    const before = plan.actions.length;
    phase.run();
    const hasFreed = plan.actions.slice(before).some(({ kind }) => kind !== "load");
    if (!hasFreed) return;
  }
}
