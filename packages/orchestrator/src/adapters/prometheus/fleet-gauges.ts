import { workerState } from "../../core/fleet/worker.ts";
import { laneClasses, mergedLanes, type WaitingLane } from "../../core/lane.ts";
import { fleetMetrics, queueMetrics, requestMetrics } from "../../core/metrics/definitions.ts";
import type { WorkerLook } from "../../flows/fleet-entries.ts";
import { GaugeText, type Pieces } from "./families.ts";
import type { Observed } from "./observed.ts";

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

/** The models of the workers that are connected. In pieces: a fleet may have thousands of replicas. */
export function* countModels(
  workers: Iterable<WorkerLook>,
): Generator<"", { models: Map<string, ModelCounts>; workers: Map<string, number> }> {
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
    yield "";
  }
  return { models, workers: states };
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
export function* fleetGauges(observed: Observed, models: ReadonlyMap<string, ModelCounts>): Pieces {
  const replicas = new GaugeText(fleetMetrics.replicas);
  const slots = new GaugeText(fleetMetrics.slots);
  const heldBack = new GaugeText(fleetMetrics.heldBack);
  const breakers = new GaugeText(fleetMetrics.breakersOpen);
  for (const [model, counts] of models) {
    for (const [state, count] of counts.states) replicas.set(count, model, state);
    slots.set(counts.slotsUsed, model, "used");
    slots.set(counts.slotsFree, model, "free");
    heldBack.set(counts.heldBack, model);
    breakers.set(counts.breakersOpen, model);
  }
  for (const gauge of [replicas, slots, heldBack, breakers]) yield* gauge.text();
  yield* laneGauges(observed, models);
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

function* laneGauges(observed: Observed, models: ReadonlyMap<string, ModelCounts>): Pieces {
  const waiting = new GaugeText(queueMetrics.laneWaiting);
  const oldest = new GaugeText(queueMetrics.laneOldestWait);
  for (const lane of lanesOf(models, observed.lanes())) {
    waiting.set(lane.waiting, lane.model, lane.class);
    oldest.set(lane.waiting === 0 ? 0 : lane.oldestWaitMs / 1_000, lane.model, lane.class);
  }
  const running = new GaugeText(requestMetrics.running);
  for (const [model, byClass] of runningByModel(observed))
    for (const [laneClass, count] of Object.entries(byClass)) running.set(count, model, laneClass);
  const inflight = new GaugeText(requestMetrics.inflight);
  inflight.set(observed.openRequests());
  const batches = new GaugeText(queueMetrics.batches);
  const byState = observed.batches();
  for (const state of batchStates) batches.set(byState.get(state) ?? 0, state);
  const lines = new GaugeText(queueMetrics.linesRunning);
  lines.set(observed.runningLines());
  for (const gauge of [waiting, oldest, running, inflight, batches, lines]) yield* gauge.text();
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

export function* workerStateGauge(observed: Observed, states: ReadonlyMap<string, number>): Pieces {
  const workers = new GaugeText(fleetMetrics.workers);
  for (const [state, count] of states)
    workers.set(state === "lost" ? countOf(observed.lostWorkers()) : count, state);
  yield* workers.text();
}

function countOf(items: Iterable<unknown>): number {
  let count = 0;
  for (const _item of items) count += 1;
  return count;
}
