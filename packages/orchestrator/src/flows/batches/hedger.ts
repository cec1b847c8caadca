import { lineTimes, shouldHedge } from "../../core/batches/hedge-rule.ts";
import type { WorkerView } from "../../core/fleet/worker.ts";

/** A line that could be tried a second time. */
export interface HedgeCandidate {
  readonly model: string;
  /** Nobody of its batch's lines waits for a slot here. */
  readonly isWaiting: boolean;
  /** Where it runs, and since when (monotonic); undefined where it does not. */
  readonly tried: { readonly workerId: string; readonly sinceMs: number } | undefined;
  readonly hedges: number;
  /** Begins the second try. */
  readonly hedge: (() => void) | undefined;
}

/** Durations that are kept for each model. */
const keptTimes = 100;

/** Finds the stragglers at the tail of a batch, and has them tried on a worker that has nothing else to do. */
export class Hedger {
  readonly #durations = new Map<string, number[]>();

  /** A line took this long, from its slot to its answer. */
  note(model: string, durationMs: number): void {
    const durations = this.#durations.get(model) ?? [];
    this.#durations.set(model, durations);
    durations.push(durationMs);
    if (durations.length > keptTimes) durations.shift();
  }

  look(lines: readonly HedgeCandidate[], workers: readonly WorkerView[], nowMs: number): void {
    const waiting = new Map<string, number>();
    for (const { model, isWaiting } of lines)
      if (isWaiting) waiting.set(model, (waiting.get(model) ?? 0) + 1);
    const promised = new Map<string, number>();
    for (const { model, tried, hedges, hedge } of lines) {
      if (tried === undefined || hedge === undefined) continue;
      const others = workers.filter(({ id, state }) => id !== tried.workerId && state === "ready");
      const free = others.flatMap(({ replicas }) => replicas).filter((replica) => replica.model === model);
      const freeSlots = free.reduce((sum, { slots, slotsUsed }) => sum + Math.max(0, slots - slotsUsed), 0);
      const here = speedOf(
        workers.filter(({ id }) => id === tried.workerId),
        model,
      );
      const elsewhere = speedOf(others, model);
      const isWanted = shouldHedge({
        waitingLines: waiting.get(model) ?? 0,
        freeSlotsElsewhere: freeSlots - (promised.get(model) ?? 0),
        runningForMs: nowMs - tried.sinceMs,
        times: lineTimes(this.#durations.get(model) ?? []),
        hedges,
        ...(here === undefined || elsewhere === undefined ? {} : { tokensPerSecond: { here, elsewhere } }),
      });
      if (!isWanted) continue;
      promised.set(model, (promised.get(model) ?? 0) + 1);
      hedge();
    }
  }
}

/** Of the fastest free replica that has been measured. */
function speedOf(workers: readonly WorkerView[], model: string): number | undefined {
  const speeds = workers
    .flatMap(({ replicas }) => replicas)
    .filter((replica) => replica.model === model)
    .flatMap(({ decodeTokensPerSecond: speed }) => (speed === undefined ? [] : [speed]));
  return speeds.length === 0 ? undefined : Math.max(...speeds);
}
