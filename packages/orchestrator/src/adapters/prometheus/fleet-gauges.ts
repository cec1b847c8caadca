import type { Registry } from "prom-client";
import { workerState } from "../../core/fleet/worker.ts";
import { laneClasses, mergedLanes, type WaitingLane } from "../../core/lane.ts";
import { fleetMetrics, queueMetrics, requestMetrics } from "../../core/metrics/definitions.ts";
import type { WorkerLook } from "../../flows/fleet-entries.ts";
import { lookedFamilies } from "./families.ts";
import type { Observed } from "./observed.ts";
import type { Pause } from "./pause.ts";

const workerStates = ["joining", "ready", "away", "draining", "lost"] as const;
const replicaStates = ["fetching", "loading", "ready", "crashed", "failed", "unloaded"] as const;

/** Of batches that are not over. */
const batchStates = ["validating", "in_progress", "finalizing", "cancelling"] as const;

/** Of one model, all workers together. */
export interface ModelCounts {
  readonly states: Map<string, number>;
  slotsUsed: number;
  slotsFree: number;
  heldBack: number;
  breakersOpen: number;
}

export interface FleetCounts {
  readonly models: ReadonlyMap<string, ModelCounts>;
  /** Workers that are connected, by state. */
  readonly states: ReadonlyMap<string, number>;
}

/** What the workers that are connected have. Pauses: a fleet may have thousands of replicas. */
export async function countFleet(workers: Iterable<WorkerLook>, pause: Pause): Promise<FleetCounts> {
  const models = new Map<string, ModelCounts>();
  const states = new Map<string, number>(workerStates.map((state) => [state, 0]));
  for (const worker of workers) {
    countWorker(states, worker);
    for (const replica of worker.replicas.values()) {
      const { report, slotsUsed, heldBack } = replica;
      const counts = models.get(report.model) ?? newCounts();
      models.set(report.model, counts);
      counts.states.set(report.state, (counts.states.get(report.state) ?? 0) + 1);
      counts.slotsUsed += slotsUsed;
      if (replica.isAccepting) counts.slotsFree += Math.max(0, report.slots - slotsUsed);
      if (heldBack !== undefined) counts.heldBack += 1;
      if (replica.isBreakerOpen) counts.breakersOpen += 1;
    }
    await pause();
  }
  return { models, states };
}

function countWorker(states: Map<string, number>, { isDraining, availability, replicas }: WorkerLook): void {
  const reports = Array.from(replicas.values(), ({ report }) => report);
  const isLending = availability.state === "lending";
  const state = workerState({ isConnected: true, isDraining, isLending, replicas: reports });
  states.set(state, (states.get(state) ?? 0) + 1);
}

function newCounts(): ModelCounts {
  return {
    states: new Map(replicaStates.map((state) => [state, 0])),
    ...{ slotsUsed: 0, slotsFree: 0, heldBack: 0, breakersOpen: 0 },
  };
}

/** How many there are of what: workers, replicas, slots, requests and batches that wait and run. */
export function createFleetGauges(registry: Registry): {
  look(observed: Observed, counts: FleetCounts): void;
} {
  const { workers, replicas, slots, heldBack, breakersOpen } = fleetMetrics;
  const gauges = lookedFamilies(registry, { workers, replicas, slots, heldBack, breakersOpen });
  const lookAtLanes = createLaneGauges(registry);
  return {
    look(observed, { models, states }) {
      gauges.forget();
      for (const [state, count] of states)
        gauges.workers.set(state === "lost" ? countOf(observed.lostWorkers()) : count, state);
      for (const [model, counts] of models) {
        for (const [state, count] of counts.states) gauges.replicas.set(count, model, state);
        gauges.slots.set(counts.slotsUsed, model, "used");
        gauges.slots.set(counts.slotsFree, model, "free");
        gauges.heldBack.set(counts.heldBack, model);
        gauges.breakersOpen.set(counts.breakersOpen, model);
      }
      lookAtLanes(observed, models);
    },
  };
}

/** Those of models that somebody serves, and others that are asked for. */
function lanesOf(
  models: ReadonlyMap<string, ModelCounts>,
  lanes: Iterable<WaitingLane>,
): readonly WaitingLane[] {
  const empty = [...models.keys()].flatMap((model) =>
    laneClasses.map((each) => ({ model, class: each, waiting: 0, oldestWaitMs: 0 })),
  );
  return mergedLanes(empty, [...lanes]);
}

function createLaneGauges(registry: Registry) {
  const { laneWaiting, laneOldestWait, batches, linesRunning } = queueMetrics;
  const { running, inflight } = requestMetrics;
  const gauges = lookedFamilies(registry, {
    ...{ laneWaiting, laneOldestWait, running, inflight, batches, linesRunning },
  });
  return (observed: Observed, models: ReadonlyMap<string, ModelCounts>) => {
    gauges.forget();
    for (const lane of lanesOf(models, observed.lanes())) {
      const oldestSeconds = lane.waiting === 0 ? 0 : lane.oldestWaitMs / 1_000;
      gauges.laneWaiting.set(lane.waiting, lane.model, lane.class);
      gauges.laneOldestWait.set(oldestSeconds, lane.model, lane.class);
    }
    for (const [model, byClass] of runningByModel(observed))
      for (const [laneClass, count] of Object.entries(byClass)) gauges.running.set(count, model, laneClass);
    gauges.inflight.set(observed.openRequests());
    const byState = observed.batches();
    for (const state of batchStates) gauges.batches.set(byState.get(state) ?? 0, state);
    gauges.linesRunning.set(observed.runningLines());
  };
}

/** A model that is asked for and runs nothing has a series as well. */
export function runningByModel(
  observed: Pick<Observed, "running" | "lanes" | "workers">,
): ReadonlyMap<string, { interactive: number; batch: number }> {
  const running = new Map<string, { interactive: number; batch: number }>();
  const of = (model: string) => {
    const known = running.get(model) ?? { interactive: 0, batch: 0 };
    running.set(model, known);
    return known;
  };
  for (const { replicas } of observed.workers()) for (const { report } of replicas.values()) of(report.model);
  for (const { model, class: laneClass } of observed.running()) of(model)[laneClass] += 1;
  return running;
}

function countOf(items: Iterable<unknown>): number {
  let count = 0;
  for (const _item of items) count += 1;
  return count;
}
