import { explainFit, gb, leastBytes, memoryOffered } from "./explain-fit.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import type { PlacementState, PlacementWorker, Unmet } from "./fleet-state.ts";
import { missingLabel } from "./labels.ts";
import type { LoadPhase } from "./load-phase.ts";
import type { ModelCase } from "./model-case.ts";
import { missingPins } from "./pins.ts";
import { needs } from "./victims.ts";

/** Of the largest workers by GPU and by main memory, so many are looked at: where they are too small, all are. */
const mostLookedAt = 8;

/** What is still lacking, each with one sentence why. */
export function unmetWishes(plan: FleetPlan, state: PlacementState, phase: LoadPhase): readonly Unmet[] {
  const unmet: Unmet[] = [];
  const nearest = new NearestWorkers(plan);
  for (const one of plan.cases) {
    const isLacking = needs.some((need) => need !== "better" && phase.lacks(one, need));
    if (isLacking || one.awaited.size > 0) unmet.push(whyUnmet(plan, one, nearest));
  }
  for (const { model, interactiveWaiting, batchWaiting } of state.demand) {
    if (interactiveWaiting + batchWaiting === 0 || !plan.isAskedUnknown(model)) continue;
    const isServed = plan.rooms.some((room) => room.worker.isServing && room.has(model));
    if (!isServed) unmet.push(never(model, "no model of that name is in the catalogue"));
  }
  return unmet.sort((a, b) => (a.model < b.model ? -1 : 1));
}

/** Why there is nothing of a model: no worker is large enough, or what stands in the way on the one that comes nearest. */
export function whyNone(plan: FleetPlan, one: ModelCase, nearest: NearestWorkers): Unmet {
  const now = (reason: string): Unmet => ({ model: one.model.id, kind: "now", reason });
  const labels = { ...one.model.requires, ...one.model.pin?.labels };
  const able = nearest.withLabels(labels);
  const largest = able[0];
  if (largest === undefined) {
    const has = Object.keys(labels).length > 0;
    return never(one.model.id, has ? `no worker has the labels ${words(labels)}` : "no worker is connected");
  }
  const { policy, nowMs } = plan;
  let obstacle: string | undefined;
  let reason: string | undefined;
  for (const worker of able) {
    const ladder = (gpus: number) => one.ladder(gpus);
    const fit = explainFit(one.model, worker, { policy, nowMs, ladder });
    if (fit.kind === "none") {
      if (fit.because !== "memory" && fit.because !== "speed") obstacle ??= fit.reason;
      if (fit.because === "speed") reason ??= fit.reason;
    } else if (worker.isOpen) {
      return now(`${worker.name} could hold it, and has others in use, loading or pinned`);
    } else
      obstacle ??= `${worker.name} could hold it, and is not lent now, or serves only what its owner names`;
  }
  if (obstacle !== undefined) return now(obstacle);
  const needed = gb(leastBytes(one.ladder(1)));
  return never(
    one.model.id,
    reason ?? `needs ${needed}, the largest worker, ${largest.name}, offers ${memoryOffered(largest)}`,
  );
}

/** The workers that come nearest to holding what none can hold: the largest, those that are lent now first. */
export class NearestWorkers {
  readonly #plan: FleetPlan;
  #orders: readonly (readonly PlacementWorker[])[] | undefined;

  constructor(plan: FleetPlan) {
    this.#plan = plan;
  }

  withLabels(labels: Readonly<Record<string, string>>): readonly PlacementWorker[] {
    this.#orders ??= [this.#by(gpuBytes), this.#by(({ offeredRamBytes }) => offeredRamBytes)];
    const able = new Set<PlacementWorker>();
    for (const order of this.#orders) {
      let looked = 0;
      for (const worker of order) {
        if (looked === mostLookedAt) break;
        if (missingLabel(worker.labels, labels) !== undefined) continue;
        able.add(worker);
        looked += 1;
      }
    }
    return [...able];
  }

  #by(bytes: (worker: PlacementWorker) => number): readonly PlacementWorker[] {
    // Rooms are in the order of ids, and sorting is stable.
    const workers = this.#plan.rooms.map(({ worker }) => worker);
    return workers.sort((a, b) => Number(b.isOpen) - Number(a.isOpen) || bytes(b) - bytes(a));
  }
}

function whyUnmet(plan: FleetPlan, one: ModelCase, nearest: NearestWorkers): Unmet {
  const now = (reason: string): Unmet => ({ model: one.model.id, kind: "now", reason });
  for (const { worker } of one.awaited.keys()) return now(`waits for answers on ${worker.name} to end there`);
  if (one.replicas.size === 0 && one.elsewhere === 0) return whyNone(plan, one, nearest);
  const pins = missingPins(one);
  return now(
    pins > 0
      ? `${pins} more replicas are pinned than there are workers with room for one`
      : `has ${one.slots} of the ${one.wantedTotal} slots that would serve it in time: no other worker has room`,
  );
}

function never(model: string, reason: string): Unmet {
  return { model, kind: "never", reason };
}

function gpuBytes({ gpus }: PlacementWorker): number {
  return gpus.reduce((sum, { offeredBytes }) => sum + offeredBytes, 0);
}

function words(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(", ");
}
