import {
  counted,
  type FleetSample,
  fleetNumbers,
  type ModelSample,
  type Sample,
  standing,
} from "./sample.ts";
import { isBucket } from "./sparse-counts.ts";

const bytesPerUnit = 1_048_576;
const inUnits = new Set<string>(["vramBytes", "oursBytes", "othersBytes"]);
/** More in one sample is none of ours. */
const mostNames = 1_000;

/** A sample in few bytes: lists of numbers, in the order of their names in sample.ts. Models that did nothing are left out. */
export function sampleText(sample: Sample): string {
  const models = [...sample.models].flatMap(([name, model]): [string, number[]][] => {
    const numbers = [...counted, ...standing, "oldestWaitMs" as const].map((key) => rounded(model[key]));
    const counts = [...model.firstTokens].flatMap(([bucket, count]) => [bucket, rounded(count)]);
    return numbers.every((value) => value === 0) ? [] : [[name, [...numbers, ...counts]]];
  });
  const workers = Object.entries(sample.fleet.workers).filter(([, count]) => count > 0);
  return JSON.stringify([
    Math.round(sample.ms),
    Object.fromEntries(models),
    Object.fromEntries(workers.map(([state, count]) => [state, rounded(count)])),
    fleetNumbers.map((key) =>
      inUnits.has(key) ? Math.round(sample.fleet[key] / bytesPerUnit) : rounded(sample.fleet[key]),
    ),
  ]);
}

/** Undefined for what is none: another version may have written it. */
export function readSample(text: string): Sample | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return undefined;
    const [ms, models, workers, numbers] = parsed as unknown[];
    if (typeof ms !== "number" || !(ms > 0) || !Array.isArray(numbers)) return undefined;
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

function readModel(values: unknown): ModelSample {
  const numbers = Array.isArray(values) ? values.map(numberOf) : [];
  const keys = [...counted, ...standing, "oldestWaitMs" as const];
  const named = Object.fromEntries(keys.map((key, at) => [key, numbers[at] ?? 0])) as Omit<
    Record<keyof ModelSample, number>,
    "firstTokens"
  >;
  const firstTokens = new Map<number, number>();
  for (let at = keys.length; at + 1 < numbers.length; at += 2) {
    const bucket = numbers[at] ?? -1;
    if (isBucket(bucket)) firstTokens.set(bucket, numbers[at + 1] ?? 0);
  }
  return { ...named, firstTokens };
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value).slice(0, mostNames) : [];
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
