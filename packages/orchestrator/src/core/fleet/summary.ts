import { type Energy, wattsOf } from "./energy.ts";
import { vramOf } from "./vram.ts";
import type { WorkerState, WorkerView } from "./worker.ts";

/** A fleet in one view. What is undefined is told by no worker. */
export interface FleetSummary {
  readonly workers: Readonly<Record<WorkerState, number>>;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly gpus: number;
  readonly vram: {
    readonly totalBytes: number;
    readonly freeBytes: number;
    /** The sums of those that tell. */
    readonly oursBytes: number;
    readonly othersBytes: number;
    readonly offeredBytes: number;
  };
  readonly watts: number | undefined;
  readonly joules: number;
  readonly workingJoules: number;
  readonly measuredTokens: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly lentMs: number;
}

/**
 * @param energies of every worker that was ever here: what it gave stays given when it leaves
 */
export function summarize(workers: readonly WorkerView[], energies: readonly Energy[]): FleetSummary {
  const count = (state: WorkerState) => workers.filter((worker) => worker.state === state).length;
  const here = workers.filter(({ state }) => state !== "lost");
  const ready = here.flatMap(({ replicas }) => replicas).filter(({ state }) => state === "ready");
  const memory = here.map(vramOf);
  const watts = here.map(({ load }) => wattsOf(load)).filter((each) => each !== undefined);
  return {
    workers: {
      ...{ joining: count("joining"), ready: count("ready"), away: count("away") },
      ...{ draining: count("draining"), lost: count("lost") },
    },
    slots: total(ready, ({ slots }) => slots),
    slotsUsed: total(ready, ({ slotsUsed }) => slotsUsed),
    gpus: total(here, ({ hardware }) => hardware.gpus.length),
    vram: {
      totalBytes: total(memory, ({ totalBytes }) => totalBytes),
      freeBytes: total(memory, ({ freeBytes }) => freeBytes),
      oursBytes: total(memory, ({ oursBytes = 0 }) => oursBytes),
      othersBytes: total(memory, ({ othersBytes = 0 }) => othersBytes),
      offeredBytes: total(memory, ({ offeredBytes = 0 }) => offeredBytes),
    },
    watts: watts.length === 0 ? undefined : total(watts, (each) => each),
    joules: total(energies, ({ joules }) => joules),
    workingJoules: total(energies, ({ workingJoules }) => workingJoules),
    measuredTokens: total(energies, ({ measuredTokens }) => measuredTokens),
    promptTokens: total(energies, ({ promptTokens }) => promptTokens),
    completionTokens: total(energies, ({ completionTokens }) => completionTokens),
    lentMs: total(energies, ({ lentMs }) => lentMs),
  };
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
