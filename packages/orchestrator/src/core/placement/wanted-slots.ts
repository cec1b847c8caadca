import type { ModelDemand, PlacementPolicy } from "./fleet-state.ts";

export interface WantedSlots {
  /** For people who wait, and those who are being answered. */
  readonly interactive: number;
  /** For batches, beside those. */
  readonly batch: number;
}

/**
 * How many slots a model should have. Interactive: those in use, and enough more that all who wait are served in time.
 * Batch: what gets all of its work done in time. Never more than there are requests.
 */
export function wantedSlots(demand: ModelDemand, policy: PlacementPolicy): WantedSlots {
  const serviceMs = demand.serviceMs ?? policy.guessedServiceMs;
  const { interactiveWaiting, interactiveRunning } = demand;
  const more = Math.ceil((interactiveWaiting * serviceMs) / policy.interactiveDrainMs);
  const lines = demand.batchWaiting + demand.batchRunning;
  return {
    interactive: interactiveRunning + Math.min(interactiveWaiting, more),
    batch: Math.min(lines, Math.ceil((lines * serviceMs) / policy.batchDrainMs)),
  };
}
