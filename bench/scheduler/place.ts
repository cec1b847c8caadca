import {
  type ModelDemand,
  type PlacementAction,
  type PlacementModel,
  type PlacementState,
  type PlacementWorker,
  place,
  defaultPlacementPolicy as policy,
} from "@muster/orchestrator/testing";
import { officeModel, officeWorker, seeded } from "./office.ts";

const rounds = 15;
const nowMs = 100 * 3_600_000;
const sizes = [1, 2, 3, 4, 7, 8, 9, 12, 14, 20, 24, 27, 31, 70];

/** What a decision for 1,000 workers and 100 models costs: with nothing loaded, with all loaded, and all waiting. */
export function benchPlace(print: (row: string[]) => void): void {
  const random = seeded(5);
  const workers = Array.from({ length: 1000 }, (_, index) => officeWorker(`worker-${index}`, random));
  const models = Array.from({ length: 100 }, (_, index) =>
    officeModel(`model-${index}`, sizes[index % sizes.length] ?? 8),
  );
  const cold: PlacementState = { workers, models, demand: models.map((model) => demandOf(model, 40)), nowMs };
  const first = place(cold, policy);
  const loaded = carryOut(cold, first.actions);
  const quiet: PlacementState = { ...loaded, demand: models.map((model) => demandOf(model, 0)) };
  const flooded: PlacementState = { ...loaded, demand: models.map((model) => demandOf(model, 4000)) };
  const drained: PlacementState = {
    ...loaded,
    demand: models.slice(0, 50).map((model) => demandOf(model, 4000)),
  };

  const row = (what: string, state: PlacementState) => {
    const times = Array.from({ length: rounds }, () => {
      // Of the processor, so that what else runs on the machine does not count.
      const start = process.cpuUsage();
      place(state, policy);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    }).sort((a, b) => a - b);
    const { length } = place(state, policy).actions;
    const median = times[Math.floor(rounds / 2)] ?? 0;
    print([`place, 1,000 x 100: ${what}, ${length} actions`, `${median.toFixed(1)} ms`, "<= 50 ms"]);
  };
  row("nothing loaded", cold);
  row("nothing to do", quiet);
  row("all waiting", flooded);
  row("half of them idle", drained);
}

function demandOf({ id }: PlacementModel, lines: number): ModelDemand {
  return {
    ...{ model: id, interactiveWaiting: lines > 0 ? 2 : 0, interactiveRunning: 1, batchWaiting: lines },
    ...{ batchRunning: 0, oldestWaitMs: lines > 0 ? 600_000 : 0, serviceMs: 15_000 },
    ...{ lastAskedAtMs: nowMs, slotsElsewhere: 0 },
  };
}

/** All loads done an hour ago; two of three replicas are in use. */
function carryOut(state: PlacementState, actions: readonly PlacementAction[]): PlacementState {
  const workers = new Map(state.workers.map((worker) => [worker.id, worker]));
  for (const [index, action] of actions.entries()) {
    const worker: PlacementWorker | undefined = workers.get(action.workerId);
    if (worker === undefined || action.kind !== "load") continue;
    const { model, variant, slots, contextTokens, vramBytes, ramBytes, device } = action;
    const replica = {
      ...({ id: `replica-${index}`, model, variant: variant.id, state: "ready", slots } as const),
      ...{ slotsUsed: index % 3 === 0 ? 0 : slots, contextTokens, vramBytes, ramBytes, device },
      ...{ isFixed: false, isHeldBack: false, isRetiring: false },
      ...{ sinceMs: nowMs - 3_600_000, lastUsedAtMs: nowMs - 120_000 },
    };
    workers.set(worker.id, { ...worker, replicas: [...worker.replicas, replica] });
  }
  return { ...state, workers: [...workers.values()] };
}
