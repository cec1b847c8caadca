import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { MetricDefinition } from "../../core/metrics/definition.ts";

/** Series of one metric that is counted. What is beyond counts as one, with `other` for each label. */
const maxSeries = 10_000;
/** In no label's value: names are printable. */
const separator = "\u0000";
/** Values of one series that are kept back for the library at most: it is told of them together. */
const maxPending = 1_000;
/** A piece of an answer with more tokens counts as so many: workers say how many there are. */
const maxTimes = 1_000;

export type Labels = Readonly<Partial<Record<string, string | number>>>;

/** A metric as it is now, in the words of prom-client. */
export interface ReadFamily
  extends Pick<Awaited<ReturnType<Counter["get"]>>, "name" | "type" | "aggregator"> {
  /** `metricName`: of a part of a histogram. */
  readonly values: readonly {
    readonly labels: Labels;
    readonly value: number;
    readonly metricName?: string;
  }[];
}

export function labelsOf(names: readonly string[], values: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let at = 0; at < names.length; at++) labels[names[at] ?? ""] = values[at] ?? "";
  return labels;
}

/** What notes numbers, by the values of the labels: made once for each series. */
class Noters<T> {
  readonly #make: (values: readonly string[]) => T;
  readonly #known = new Map<string, T>();

  constructor(make: (values: readonly string[]) => T) {
    this.#make = make;
  }

  get(values: readonly string[]): T {
    const key = values.length === 1 ? (values[0] ?? "") : values.join(separator);
    return this.#known.get(key) ?? this.#add(key, values);
  }

  all(): Iterable<T> {
    return this.#known.values();
  }

  #add(key: string, values: readonly string[]): T {
    const other = values.map(() => "other");
    if (this.#known.size >= maxSeries && key !== other.join(separator)) return this.get(other);
    const made = this.#make(values);
    this.#known.set(key, made);
    return made;
  }
}

/**
 * Counting happens in the middle of every request, for every piece of its answer: there a number is put by, and the
 * library is told when somebody reads.
 */
export class CounterFamily {
  readonly #counter: Counter;
  readonly #noters: Noters<{ readonly series: Counter.Internal; pending: number }>;

  constructor(registry: Registry, definition: MetricDefinition) {
    this.#counter = new Counter({ ...configOf(registry, definition), collect: () => this.#tell() });
    this.#noters = new Noters((values) => ({ series: this.#open(values), pending: 0 }));
  }

  /** What is no number, or less than 0, counts as nothing: workers say some of them. */
  add(by: number, ...values: readonly string[]): void {
    const noter = this.#noters.get(values);
    if (isCount(by)) noter.pending += by;
  }

  read(): Promise<ReadFamily> {
    return this.#counter.get();
  }

  /** A series that nothing has been counted for is there as well, as 0. */
  #open(values: readonly string[]): Counter.Internal {
    const series = this.#counter.labels(...values);
    series.inc(0);
    return series;
  }

  #tell(): void {
    for (const noter of this.#noters.all()) {
      if (noter.pending === 0) continue;
      noter.series.inc(noter.pending);
      noter.pending = 0;
    }
  }
}

interface HistogramNoter {
  readonly series: Histogram.Internal<string>;
  readonly pending: number[];
}

/** As `CounterFamily`, of values. */
export class HistogramFamily {
  readonly #histogram: Histogram;
  readonly #names: readonly string[];
  readonly #noters: Noters<HistogramNoter>;

  constructor(registry: Registry, definition: MetricDefinition) {
    this.#names = definition.labels;
    this.#histogram = new Histogram({
      ...configOf(registry, definition),
      buckets: [...(definition.buckets ?? [])],
      collect: () => {
        for (const noter of this.#noters.all()) tell(noter);
      },
    });
    this.#noters = new Noters((values) => ({ series: this.#histogram.labels(...values), pending: [] }));
  }

  /** What is no number, or less than 0, is left out. */
  observe(value: number, ...values: readonly string[]): void {
    this.observeTimes(1, value, ...values);
  }

  observeTimes(times: number, value: number, ...values: readonly string[]): void {
    if (!isCount(value) || !(times > 0)) return;
    const noter = this.#noters.get(values);
    const atMost = Math.min(times, maxTimes);
    for (let time = 0; time < atMost; time++) noter.pending.push(value);
    if (noter.pending.length >= maxPending) tell(noter);
  }

  /** A series that nothing has been observed for is there as well. */
  open(...values: readonly string[]): void {
    this.#histogram.zero(labelsOf(this.#names, values));
  }

  read(): Promise<ReadFamily> {
    return this.#histogram.get();
  }
}

function tell({ series, pending }: HistogramNoter): void {
  for (const value of pending) series.observe(value);
  pending.length = 0;
}

/** A gauge, or a sum that is kept elsewhere: looked at anew each time somebody scrapes. */
export class LookedFamily {
  readonly #metric: Counter | Gauge;
  readonly #names: readonly string[];

  constructor(registry: Registry, definition: MetricDefinition) {
    const config = configOf(registry, definition);
    this.#names = definition.labels;
    this.#metric = definition.type === "counter" ? new Counter(config) : new Gauge(config);
  }

  /** No series is left. */
  forget(): void {
    this.#metric.reset();
    // One without labels is 0 after that, which would be a lie.
    if (this.#names.length === 0) this.#metric.remove();
  }

  /** Undefined has no series: 0 would be a lie. */
  set(value: number | undefined, ...values: readonly string[]): void {
    if (value !== undefined) this.setLabelled(value, labelsOf(this.#names, values));
  }

  /** As `set`, for labels that several metrics share. */
  setLabelled(value: number | undefined, labels: Labels): void {
    if (value === undefined || Number.isNaN(value)) return;
    if (this.#metric instanceof Gauge) this.#metric.set(labels, value);
    else if (isCount(value)) this.#metric.inc(labels, value);
  }
}

type Looked<Definitions> = Readonly<Record<keyof Definitions, LookedFamily>>;

/** One for each definition, by its key. */
export function lookedFamilies<const Definitions extends Record<string, MetricDefinition>>(
  registry: Registry,
  definitions: Definitions,
): Looked<Definitions> & { forget(): void } {
  const families = Object.entries(definitions).map(
    ([key, definition]) => [key, new LookedFamily(registry, definition)] as const,
  );
  return {
    ...(Object.fromEntries(families) as Looked<Definitions>),
    forget() {
      for (const [, family] of families) family.forget();
    },
  };
}

const isCount = (value: number) => value >= 0 && value < Number.POSITIVE_INFINITY;

function configOf(registry: Registry, { name, help, labels }: MetricDefinition) {
  return { name, help, labelNames: labels, registers: [registry] };
}
