import {
  counted,
  type FleetSample,
  fleetNumbers,
  type ModelSample,
  type Sample,
  standing,
} from "./sample.ts";
import { isBucket, type SparseCounts } from "./sparse-counts.ts";

const bytesPerUnit = 1_048_576;
const waitUnitMs = 100;
/** Before the counts of first tokens. */
const namedNumbers = counted.length + standing.length + 1;
const inUnits = new Set<string>(["vramBytes", "oursBytes", "othersBytes"]);
/** More in one sample is none of ours. */
const mostNames = 1_000;
/** Nor is one that is longer than a week: it would reach into every step there is. */
const longestMs = 7 * 86_400_000;

/** A sample in few bytes: lists of numbers, in the order of their names in sample.ts. Models that did nothing are left out. */
export function sampleText(sample: Sample): string {
  const models = [...sample.models].flatMap(([name, model]): [string, number[]][] => {
    const numbers = [
      ...counted.map((key) => Math.round(model[key])),
      ...standing.map((key) => tenths(model[key])),
      waitUnitMs * Math.round(model.oldestWaitMs / waitUnitMs),
    ];
    const counts = countsList(model.firstTokens);
    return numbers.every((value) => value === 0) && counts.length === 0
      ? []
      : [[name, [...numbers, ...counts]]];
  });
  const workers = Object.entries(sample.fleet.workers).filter(([, count]) => count > 0);
  return JSON.stringify([
    Math.round(sample.ms),
    Object.fromEntries(models),
    Object.fromEntries(workers.map(([state, count]) => [state, tenths(count)])),
    fleetNumbers.map((key) =>
      inUnits.has(key) ? Math.round(sample.fleet[key] / bytesPerUnit) : tenths(sample.fleet[key]),
    ),
  ]);
}

/** Undefined for what is none: another version may have written it. */
export function readSample(text: string): Sample | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return undefined;
    const [ms, models, workers, numbers] = parsed as unknown[];
    if (typeof ms !== "number" || !(ms > 0) || ms > longestMs || !Array.isArray(numbers)) return undefined;
    const fleet = Object.fromEntries(
      fleetNumbers.map((key, at) => [key, numberOf(numbers[at]) * (inUnits.has(key) ? bytesPerUnit : 1)]),
    ) as Omit<Record<keyof FleetSample, number>, "workers">;
    return {
      ms,
      models: new Map(entriesOf(models).map(([name, values]) => [name, readModel(values)])),
      fleet: {
        ...fleet,
        workers: Object.fromEntries(entriesOf(workers).map(([state, count]) => [state, numberOf(count)])),
      },
    };
  } catch {
    return undefined;
  }
}

/** Pairs of how far the bucket is from the one before, and its count. */
function countsList(counts: SparseCounts): number[] {
  let last = 0;
  return [...counts]
    .sort(([a], [b]) => a - b)
    .flatMap(([bucket, count]) => {
      const step = bucket - last;
      last = bucket;
      return [step, Math.round(count)];
    });
}

/** One by one: a day of the history is tens of thousands of these. */
function readModel(values: unknown): ModelSample {
  const list: readonly unknown[] = Array.isArray(values) ? values : [];
  const firstTokens = new Map<number, number>();
  let bucket = 0;
  for (let at = namedNumbers; at + 1 < list.length; at += 2) {
    bucket += numberOf(list[at]);
    if (isBucket(bucket)) firstTokens.set(bucket, numberOf(list[at + 1]));
  }
  const [promptTokens, cachedTokens, generatedTokens, requests, failures, ...stands] = list;
  const [running, waiting, linesLeft, oldestWaitMs] = stands;
  return {
    promptTokens: numberOf(promptTokens),
    cachedTokens: numberOf(cachedTokens),
    generatedTokens: numberOf(generatedTokens),
    requests: numberOf(requests),
    failures: numberOf(failures),
    running: numberOf(running),
    waiting: numberOf(waiting),
    linesLeft: numberOf(linesLeft),
    oldestWaitMs: numberOf(oldestWaitMs),
    firstTokens,
  };
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value).slice(0, mostNames) : [];
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
