import {
  counted,
  type FleetSum,
  fleetNumbers,
  type ModelSum,
  type Sample,
  SampleSum,
  standing,
  totalSum,
} from "./sample.ts";
import { quantileMs } from "./sparse-counts.ts";

/** One value for each step; undefined: nothing is known of it. */
export type Values = readonly (number | undefined)[];

type Counted = (typeof counted)[number];
type Standing = Exclude<(typeof standing)[number], "linesLeft">;

export type FlowSteps = Readonly<Record<Counted | Standing | "firstTokenP50Ms" | "firstTokenP99Ms", Values>>;

export interface Steps {
  readonly sinceMs: number;
  readonly stepMs: number;
  readonly total: FlowSteps;
  readonly models: ReadonlyMap<string, FlowSteps>;
  readonly workers: ReadonlyMap<string, Values>;
  readonly fleet: Readonly<Record<(typeof fleetNumbers)[number], Values>>;
}

/** What all orchestrators have seen of one step. */
interface Step {
  readonly sum: SampleSum;
  readonly coveredMs: Map<string, number>;
}

/** Less of a step than this share says too little of it. */
const leastShare = 0.1;

/**
 * Puts samples of any orchestrators, of any length and at any time, into steps of equal length: what lies in two steps
 * counts in each by its share.
 */
export class HistorySteps {
  readonly #sinceMs: number;
  readonly #stepMs: number;
  readonly #steps: Step[];

  constructor(span: { readonly sinceMs: number; readonly stepMs: number; readonly count: number }) {
    this.#sinceMs = span.sinceMs;
    this.#stepMs = span.stepMs;
    this.#steps = Array.from({ length: span.count }, () => ({ sum: new SampleSum(), coveredMs: new Map() }));
  }

  add(orchestrator: string, endMs: number, sample: Sample): void {
    const beginMs = endMs - sample.ms;
    const first = Math.max(0, Math.floor((beginMs - this.#sinceMs) / this.#stepMs));
    const last = Math.min(this.#steps.length - 1, Math.floor((endMs - this.#sinceMs) / this.#stepMs));
    for (let at = first; at <= last; at++) {
      const step = this.#steps[at];
      const stepBeginMs = this.#sinceMs + at * this.#stepMs;
      const ms = Math.min(endMs, stepBeginMs + this.#stepMs) - Math.max(beginMs, stepBeginMs);
      if (step === undefined || ms <= 0) continue;
      step.sum.add(sample, ms / sample.ms);
      step.coveredMs.set(orchestrator, (step.coveredMs.get(orchestrator) ?? 0) + ms);
    }
  }

  /** Piece by piece, a model at a time: of many it takes long. */
  *result(): Generator<void, Steps> {
    const known = this.#steps.map(({ sum, coveredMs }) => {
      const ms = Math.max(0, ...coveredMs.values());
      return ms < leastShare * this.#stepMs
        ? undefined
        : { ...sum, ms, total: totalSum(sum.models.values()) };
    });
    yield;
    const names = [...new Set(this.#steps.flatMap(({ sum }) => [...sum.models.keys()]))].sort();
    const states = [...new Set(this.#steps.flatMap(({ sum }) => Object.keys(sum.fleet.workers)))].sort();
    const fleetOf = (of: (fleet: FleetSum) => number): Values =>
      known.map((step) => (step === undefined ? undefined : of(step.fleet) / step.ms));
    const flowOf = (of: (step: KnownStep) => ModelSum | undefined): FlowSteps => {
      const values = (
        value: (sum: ModelSum, ms: number) => number | undefined,
        none: number | undefined,
      ): Values =>
        known.map((step) => {
          if (step === undefined) return undefined;
          const sum = of(step);
          return sum === undefined ? none : value(sum, step.ms);
        });
      const rates = counted.map((key) => [key, values((sum, ms) => (1_000 * sum[key]) / ms, 0)]);
      const means = standing.map((key) => [key, values((sum, ms) => sum[key] / ms, 0)]);
      return {
        ...(Object.fromEntries([...rates, ...means]) as Record<Counted | Standing, Values>),
        firstTokenP50Ms: values(({ firstTokens }) => quantileMs(firstTokens, 0.5), undefined),
        firstTokenP99Ms: values(({ firstTokens }) => quantileMs(firstTokens, 0.99), undefined),
      };
    };
    const total = flowOf((step) => step.total);
    const models = new Map<string, FlowSteps>();
    for (const name of names) {
      yield;
      models.set(
        name,
        flowOf((step) => step.models.get(name)),
      );
    }
    return {
      ...{ sinceMs: this.#sinceMs, stepMs: this.#stepMs, total, models },
      workers: new Map(states.map((state) => [state, fleetOf(({ workers }) => workers[state] ?? 0)])),
      fleet: Object.fromEntries(
        fleetNumbers.map((key) => [key, fleetOf((fleet) => fleet[key])]),
      ) as Steps["fleet"],
    };
  }
}

interface KnownStep {
  readonly ms: number;
  readonly total: ModelSum | undefined;
  readonly models: ReadonlyMap<string, ModelSum>;
  readonly fleet: FleetSum;
}
