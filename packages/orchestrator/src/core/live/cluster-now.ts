import {
  counted,
  type FleetSample,
  fleetNumbers,
  type ModelSample,
  type Sample,
  standing,
} from "./sample.ts";
import { addCounts, quantileMs } from "./sparse-counts.ts";

/** What one model does now, or all together. Rates are of the last interval. */
export interface FlowNow extends Omit<ModelSample, "firstTokens"> {
  readonly firstTokenP50Ms: number | undefined;
  readonly firstTokenP99Ms: number | undefined;
}

/** The cluster at one moment. */
export interface ClusterNow {
  readonly total: FlowNow;
  readonly models: ReadonlyMap<string, FlowNow>;
  readonly fleet: FleetSample;
}

interface Sum {
  readonly numbers: Record<(typeof counted)[number] | (typeof standing)[number], number>;
  oldestWaitMs: number;
  readonly firstTokens: Map<number, number>;
}

/** Adds up the latest samples of all orchestrators: each may be of a span of its own length. */
export function clusterNow(samples: readonly Sample[]): ClusterNow {
  const total = emptySum();
  const models = new Map<string, Sum>();
  for (const sample of samples)
    for (const [name, model] of sample.models) {
      const sum = models.get(name) ?? emptySum();
      models.set(name, sum);
      for (const each of [sum, total]) {
        for (const key of counted) each.numbers[key] += (1_000 * model[key]) / sample.ms;
        for (const key of standing) each.numbers[key] += model[key];
        each.oldestWaitMs = Math.max(each.oldestWaitMs, model.oldestWaitMs);
        addCounts(each.firstTokens, model.firstTokens);
      }
    }
  return {
    total: flowOf(total),
    models: new Map(
      [...models].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, sum]) => [name, flowOf(sum)]),
    ),
    fleet: fleetOf(samples.map(({ fleet }) => fleet)),
  };
}

function fleetOf(fleets: readonly FleetSample[]): FleetSample {
  const numbers = Object.fromEntries(
    fleetNumbers.map((key) => [key, fleets.reduce((sum, fleet) => sum + fleet[key], 0)]),
  ) as Omit<Record<keyof FleetSample, number>, "workers">;
  const workers: Record<string, number> = {};
  for (const fleet of fleets)
    for (const [state, count] of Object.entries(fleet.workers))
      workers[state] = (workers[state] ?? 0) + count;
  return { ...numbers, workers };
}

function flowOf({ numbers, oldestWaitMs, firstTokens }: Sum): FlowNow {
  return {
    ...numbers,
    oldestWaitMs,
    firstTokenP50Ms: quantileMs(firstTokens, 0.5),
    firstTokenP99Ms: quantileMs(firstTokens, 0.99),
  };
}

function emptySum(): Sum {
  return {
    numbers: {
      ...{ promptTokens: 0, cachedTokens: 0, generatedTokens: 0, requests: 0, failures: 0 },
      ...{ running: 0, waiting: 0, linesLeft: 0 },
    },
    oldestWaitMs: 0,
    firstTokens: new Map(),
  };
}
