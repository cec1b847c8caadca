import type { MetricDefinition } from "../../core/metrics/definitions.ts";
import { type Headed, headOf, labelText, numberText, sampleLine } from "./sample-text.ts";

/** One metric's text, in pieces: whoever writes it may look after other things between two. */
export type Pieces = Iterable<string>;

/** Series of one metric. What is beyond counts as one, with `other` for each label. */
const maxSeries = 10_000;
/** In no label's value: names are printable. */
const separator = "\u0000";

interface Series {
  readonly values: readonly string[];
  readonly labels: string;
}

/** The series of one metric by the values of their labels. */
class SeriesByLabels<T extends Series> {
  readonly #make: (series: Series) => T;
  readonly #names: readonly string[];
  readonly #series = new Map<string, T>();

  constructor(names: readonly string[], make: (series: Series) => T) {
    this.#names = names;
    this.#make = make;
  }

  get(values: readonly string[]): T {
    const key = values.length === 1 ? (values[0] ?? "") : values.join(separator);
    return this.#series.get(key) ?? this.#add(key, values);
  }

  all(): Iterable<T> {
    return this.#series.values();
  }

  #add(key: string, values: readonly string[]): T {
    const other = values.map(() => "other");
    const otherKey = other.join(separator);
    if (this.#series.size >= maxSeries && key !== otherKey) return this.get(other);
    const made = this.#make({ values, labels: labelText(this.#names, values) });
    this.#series.set(key, made);
    return made;
  }
}

interface CountedSeries extends Series {
  value: number;
}

export class CounterFamily {
  readonly definition: MetricDefinition;
  readonly #series: SeriesByLabels<CountedSeries>;

  constructor(definition: MetricDefinition) {
    this.definition = definition;
    this.#series = new SeriesByLabels(definition.labels, (series) => ({ ...series, value: 0 }));
  }

  /** What is no number, or less than 0, counts as nothing: workers say some of them. */
  add(by: number, ...values: readonly string[]): void {
    const series = this.#series.get(values);
    if (by > 0 && by < Number.POSITIVE_INFINITY) series.value += by;
  }

  series(): Iterable<{ readonly values: readonly string[]; readonly value: number }> {
    return this.#series.all();
  }

  *text(): Pieces {
    const { name } = this.definition;
    yield headOf(this.definition);
    for (const { labels, value } of this.#series.all()) yield sampleLine(name, labels, value);
  }
}

/** What a histogram has counted. */
export interface Distribution {
  /** For each bound those up to it and above the one before; the last are those above all. */
  readonly counts: readonly number[];
  readonly sum: number;
}

interface ObservedSeries extends Series {
  readonly counts: number[];
  sum: number;
}

export class HistogramFamily {
  readonly definition: MetricDefinition;
  readonly bounds: readonly number[];
  readonly #series: SeriesByLabels<ObservedSeries>;

  constructor(definition: MetricDefinition) {
    this.definition = definition;
    this.bounds = definition.buckets ?? [];
    const { length } = this.bounds;
    this.#series = new SeriesByLabels(definition.labels, (series) => ({
      ...series,
      counts: new Array<number>(length + 1).fill(0),
      sum: 0,
    }));
  }

  /** Notes `value` so many times. What is no number, or less than 0, is left out. */
  observe(value: number, times: number, ...values: readonly string[]): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return;
    const series = this.#series.get(values);
    const { bounds } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++;
    series.counts[at] = (series.counts[at] ?? 0) + times;
    series.sum += value * times;
  }

  series(): Iterable<{ readonly values: readonly string[] } & Distribution> {
    return this.#series.all();
  }

  *text(): Pieces {
    yield headOf(this.definition);
    for (const { labels, ...distribution } of this.#series.all())
      yield distributionText(this.definition.name, labels, { bounds: this.bounds, ...distribution });
  }
}

export function distributionText(
  name: string,
  labels: string,
  { bounds, counts, sum }: Distribution & { readonly bounds: readonly number[] },
): string {
  const before = labels === "" ? "" : `${labels},`;
  let text = "";
  let total = 0;
  for (let at = 0; at < counts.length; at++) {
    total += counts[at] ?? 0;
    const bound = at < bounds.length ? numberText(bounds[at] ?? 0) : "+Inf";
    text += `${name}_bucket{${before}le="${bound}"} ${total}\n`;
  }
  return text + sampleLine(`${name}_sum`, labels, sum) + sampleLine(`${name}_count`, labels, total);
}

/** One gauge, or a sum that is kept elsewhere, as it is at one moment. */
export class GaugeText {
  readonly #definition: Headed & { readonly labels: readonly string[] };
  readonly #lines: string[] = [];

  constructor(definition: Headed & { readonly labels: readonly string[] }) {
    this.#definition = definition;
  }

  /** Undefined has no series: 0 would be a lie. */
  set(value: number | undefined, ...values: readonly string[]): void {
    if (value === undefined || Number.isNaN(value)) return;
    const { name, labels } = this.#definition;
    this.#lines.push(sampleLine(name, labelText(labels, values), value));
  }

  /** As `set`, where the text of the labels is known. */
  setLabelled(value: number | undefined, labels: string): void {
    if (value === undefined || Number.isNaN(value)) return;
    this.#lines.push(sampleLine(this.#definition.name, labels, value));
  }

  *text(): Pieces {
    yield headOf(this.#definition);
    const step = 500;
    for (let at = 0; at < this.#lines.length; at += step) yield this.#lines.slice(at, at + step).join("");
  }
}
