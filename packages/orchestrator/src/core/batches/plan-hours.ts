import { type ExpectedHour, timeToDo } from "../fleet/expected-slots.ts";
import type { WorkerView } from "../fleet/worker.ts";

/** A worker as far as it serves one model. */
export interface PlanWorker {
  readonly name: string;
  readonly slots: number;
  readonly contextTokens: number;
  /** Of one sequence; undefined before the first answer. */
  readonly decodeTokensPerSecond: number | undefined;
}

/** What a model has to do, in tokens. */
export interface PlannedWork {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly workers: readonly PlanWorker[];
  /** Of all orchestrators: `workers` are only those that are connected here. */
  readonly slots: number;
}

/** Workers do not say how fast they read. So many times as fast as they write is true of small machines; GPUs read faster. */
const readingSpeedup = 10;

/** Workers that take work for a model now. */
export function planWorkers(workers: readonly WorkerView[], model: string): PlanWorker[] {
  return workers.flatMap(({ name, state, replicas }) => {
    if (state !== "ready") return [];
    const ready = replicas.filter(
      (replica) => replica.model === model && replica.state === "ready" && replica.heldBack === undefined,
    );
    const [first] = ready;
    if (first === undefined) return [];
    const { decodeTokensPerSecond } = first;
    return [
      {
        name,
        slots: ready.reduce((sum, { slots }) => sum + slots, 0),
        contextTokens: Math.min(...ready.map(({ contextTokens }) => contextTokens)),
        decodeTokensPerSecond,
      },
    ];
  });
}

/** How long a model's work would take if nothing else were done. Undefined where no speed is known. */
export function hoursOf({ promptTokens, completionTokens, workers, slots }: PlannedWork): number | undefined {
  const measured = workers.filter(({ decodeTokensPerSecond = 0 }) => decodeTokensPerSecond > 0);
  const measuredSlots = measured.reduce((sum, worker) => sum + worker.slots, 0);
  if (measuredSlots === 0) return undefined;
  const measuredRate = measured.reduce(
    (sum, worker) => sum + worker.slots * (worker.decodeTokensPerSecond ?? 0),
    0,
  );
  // Slots that were not measured yet, and those elsewhere, count as the average of those that were.
  const rate = (measuredRate * Math.max(slots, measuredSlots)) / measuredSlots;
  return (completionTokens + promptTokens / readingSpeedup) / rate / 3_600;
}

/** Models that share a worker take turns on it; others run at the same time. */
export function hoursTogether(
  models: readonly {
    readonly workers: readonly { readonly name: string }[];
    readonly hours: number | undefined;
  }[],
): number | undefined {
  const busy = new Map<string, number>();
  for (const { workers, hours } of models) {
    if (hours === undefined) return undefined;
    for (const { name } of workers) busy.set(name, (busy.get(name) ?? 0) + hours);
  }
  return busy.size === 0 ? undefined : Math.max(...busy.values());
}

const hourMs = 3_600_000;

/** How long work takes with the fleet that is expected, that would take so many hours with the one that is there now. */
export function hoursByExpectation(
  hours: number | undefined,
  expected: readonly ExpectedHour[],
): number | undefined {
  if (hours === undefined) return undefined;
  const timeMs = timeToDo(hours * hourMs, expected);
  return timeMs === undefined ? undefined : timeMs / hourMs;
}
