import { addCounts, type SparseCounts } from "./sparse-counts.ts";

/** What one model did in a span of time, and how it stood, on average. */
export interface ModelSample {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly generatedTokens: number;
  /** That have ended, lines of batches included. */
  readonly requests: number;
  readonly failures: number;
  /** Slots that are taken. */
  readonly running: number;
  /** Requests that have no slot yet; lines of batches left out. */
  readonly waiting: number;
  readonly linesLeft: number;
  /** 0 where nobody waits. */
  readonly oldestWaitMs: number;
  readonly firstTokens: SparseCounts;
}

/** What there is, on average over a span. */
export interface FleetSample {
  /** How many, by state. */
  readonly workers: Readonly<Record<string, number>>;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly vramBytes: number;
  readonly oursBytes: number;
  readonly othersBytes: number;
  /** Of those GPUs that tell how busy they are. */
  readonly utilizationSum: number;
  readonly gpusTelling: number;
  readonly watts: number;
  /** 0: nothing tells what it draws. */
  readonly wattsTelling: number;
}

/** What one orchestrator has seen in a span of time. Counts are of that span alone: a restart begins at 0 and shows. */
export interface Sample {
  readonly ms: number;
  readonly models: ReadonlyMap<string, ModelSample>;
  readonly fleet: FleetSample;
}

/** Every number of a model's sample that is counted, and every one that stands. */
export const counted = ["promptTokens", "cachedTokens", "generatedTokens", "requests", "failures"] as const;
export const standing = ["running", "waiting", "linesLeft"] as const;
export const fleetNumbers = [
  ...["slots", "slotsUsed", "vramBytes", "oursBytes", "othersBytes"],
  ...["utilizationSum", "gpusTelling", "watts", "wattsTelling"],
] as const satisfies readonly (keyof FleetSample)[];

/** Whatever is beyond so many models is one, of this name. */
const maxModels = 200;
const otherModels = "other";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** Sums of counts, and of what stands times how long it stood. */
export type ModelSum = Mutable<Omit<ModelSample, "firstTokens">> & {
  readonly firstTokens: Map<number, number>;
};
export type FleetSum = Mutable<Omit<FleetSample, "workers">> & { readonly workers: Record<string, number> };

export function emptyModelSum(): ModelSum {
  // Not put together of parts: a history makes tens of thousands of these at once.
  return {
    promptTokens: 0,
    cachedTokens: 0,
    generatedTokens: 0,
    requests: 0,
    failures: 0,
    running: 0,
    waiting: 0,
    linesLeft: 0,
    oldestWaitMs: 0,
    firstTokens: new Map(),
  };
}

/** Adds a share of a model's sample, which stands for so long. By name: a history does this tens of thousands of times. */
function addModel(
  sum: ModelSum,
  model: ModelSample,
  { share, ms }: { readonly share: number; readonly ms: number },
): void {
  sum.promptTokens += share * model.promptTokens;
  sum.cachedTokens += share * model.cachedTokens;
  sum.generatedTokens += share * model.generatedTokens;
  sum.requests += share * model.requests;
  sum.failures += share * model.failures;
  sum.running += ms * model.running;
  sum.waiting += ms * model.waiting;
  sum.linesLeft += ms * model.linesLeft;
  sum.oldestWaitMs = Math.max(sum.oldestWaitMs, model.oldestWaitMs);
  addCounts(sum.firstTokens, model.firstTokens, share);
}

/** Several sums of the same time as one. */
export function totalSum(models: Iterable<ModelSample>): ModelSum {
  const total = emptyModelSum();
  for (const model of models) addModel(total, model, { share: 1, ms: 1 });
  return total;
}

/** The same with so many models at most: those with the most to do by name, all others as one. */
export function withBusiest(sample: Sample, most: number): Sample {
  if (sample.models.size <= most) return sample;
  const named = [...sample.models].filter(([name]) => name !== otherModels);
  named.sort(([, a], [, b]) => workOf(b) - workOf(a));
  const kept = named.slice(0, most - 1);
  const names = new Set(kept.map(([name]) => name));
  const rest = [...sample.models].filter(([name]) => !names.has(name));
  return { ...sample, models: new Map([...kept, [otherModels, totalSum(rest.map(([, model]) => model))]]) };
}

function workOf({
  promptTokens,
  generatedTokens,
  requests,
  running,
  waiting,
  linesLeft,
}: ModelSample): number {
  return promptTokens + generatedTokens + requests + running + waiting + linesLeft;
}

/** The sum of a model among others; beyond `maxModels` that of all others together. */
export function modelSumOf(sums: Map<string, ModelSum>, model: string): ModelSum {
  const name = sums.has(model) || sums.size < maxModels ? model : otherModels;
  const known = sums.get(name) ?? emptyModelSum();
  sums.set(name, known);
  return known;
}

function emptyFleetSum(): FleetSum {
  return {
    ...{ workers: {}, slots: 0, slotsUsed: 0, vramBytes: 0, oursBytes: 0, othersBytes: 0 },
    ...{ utilizationSum: 0, gpusTelling: 0, watts: 0, wattsTelling: 0 },
  };
}

/** Adds samples up, of one orchestrator one after the other or of several beside each other. */
export class SampleSum {
  readonly models = new Map<string, ModelSum>();
  readonly fleet: FleetSum = emptyFleetSum();
  ms = 0;

  /** @param share of the sample that lies within the span that is summed */
  add(sample: Sample, share = 1): void {
    const ms = share * sample.ms;
    this.ms += ms;
    for (const [name, model] of sample.models) addModel(modelSumOf(this.models, name), model, { share, ms });
    for (const key of fleetNumbers) this.fleet[key] += ms * sample.fleet[key];
    const { workers } = this.fleet;
    for (const state in sample.fleet.workers)
      workers[state] = (workers[state] ?? 0) + ms * (sample.fleet.workers[state] ?? 0);
  }

  /** One sample that stands for all that were added. */
  mean(): Sample {
    const { ms } = this;
    const models = [...this.models].map(([name, sum]): [string, ModelSample] => {
      const means = Object.fromEntries(standing.map((key) => [key, sum[key] / ms]));
      return [name, { ...sum, ...means }];
    });
    const numbers = Object.fromEntries(fleetNumbers.map((key) => [key, this.fleet[key] / ms]));
    const workers = Object.fromEntries(
      Object.entries(this.fleet.workers).map(([state, sum]) => [state, sum / ms]),
    );
    return { ms, models: new Map(models), fleet: { ...this.fleet, ...numbers, workers } };
  }
}
