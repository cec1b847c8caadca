import { wattsOf } from "../fleet/energy.ts";
import { summarize } from "../fleet/summary.ts";
import type { WorkerView } from "../fleet/worker.ts";
import type { FleetSample } from "./sample.ts";

/** What there is now, of one orchestrator's workers. */
export function fleetSample(workers: readonly WorkerView[]): FleetSample {
  const { vram, watts, ...summary } = summarize(workers, []);
  const here = workers.filter(({ state }) => state !== "lost");
  const told = here.flatMap(({ load }) => (load?.gpus ?? []).flatMap(({ utilization }) => utilization ?? []));
  return {
    workers: summary.workers,
    slots: summary.slots,
    slotsUsed: summary.slotsUsed,
    vramBytes: vram.totalBytes,
    oursBytes: vram.oursBytes,
    othersBytes: vram.othersBytes,
    utilizationSum: told.reduce((sum, each) => sum + each, 0),
    gpusTelling: told.length,
    watts: watts ?? 0,
    wattsTelling: here.filter(({ load }) => wattsOf(load) !== undefined).length,
  };
}

/** Slots that are taken, by model. */
export function runningByModel(workers: readonly WorkerView[]): ReadonlyMap<string, number> {
  const running = new Map<string, number>();
  for (const { state, replicas } of workers) {
    if (state === "lost") continue;
    for (const { model, slotsUsed } of replicas)
      if (slotsUsed > 0) running.set(model, (running.get(model) ?? 0) + slotsUsed);
  }
  return running;
}
