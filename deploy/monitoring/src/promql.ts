import type { MetricDefinition } from "@muster/orchestrator";

/** A label's value, or what it must not be; `matches` takes a regular expression, in which a variable of Grafana may stand. */
export type Match =
  | string
  | { readonly matches: string }
  | { readonly not: string }
  | { readonly notMatching: string };

export type Where = Readonly<Record<string, Match>>;

export interface Selection {
  /** What the sum keeps; nothing: one number for all. */
  readonly by?: readonly string[];
  readonly where?: Where;
}

export interface WindowSelection extends Selection {
  /** "5m", or "$__rate_interval" in Grafana. */
  readonly window: string;
}

/** Prometheus adds these to whatever it scrapes. */
const addedLabels = ["job", "instance"];

/** The metric's series whose labels are as `where` says. Throws where the metric has no such label. */
export function select(metric: MetricDefinition, where: Where = {}): string {
  return selectSeries(metric, metric.name, where);
}

function selectSeries(metric: MetricDefinition, name: string, where: Where): string {
  knowsLabels(metric, Object.keys(where));
  return name + matchers(where);
}

function knowsLabels(metric: MetricDefinition, labels: readonly string[]): void {
  const known = [...metric.labels, ...addedLabels];
  const unknown = labels.filter((label) => !known.includes(label));
  if (unknown.length > 0) throw new Error(`${metric.name} has no label ${unknown.join(", ")}`);
}

/** `{a="b"}`, or nothing. */
export function matchers(where: Where): string {
  const parts = Object.entries(where).map(([label, match]) => {
    if (typeof match === "string") return `${label}=${JSON.stringify(match)}`;
    if ("matches" in match) return `${label}=~${JSON.stringify(match.matches)}`;
    if ("not" in match) return `${label}!=${JSON.stringify(match.not)}`;
    return `${label}!~${JSON.stringify(match.notMatching)}`;
  });
  return parts.length === 0 ? "" : `{${parts.join(", ")}}`;
}

function aggregate(operator: "sum" | "max" | "min", metric: MetricDefinition, by: readonly string[]) {
  knowsLabels(metric, by);
  return `${operator}${by.length === 0 ? "" : ` by (${by.join(", ")})`}`;
}

function mustBe(metric: MetricDefinition, type: MetricDefinition["type"]): void {
  if (metric.type !== type) throw new Error(`${metric.name} is a ${metric.type}, not a ${type}`);
}

/** A gauge that each orchestrator has for what is its own, added up. */
export function sumOf(metric: MetricDefinition, { by = [], where }: Selection = {}): string {
  mustBe(metric, "gauge");
  return `${aggregate("sum", metric, by)} (${select(metric, where)})`;
}

/** A gauge of which each orchestrator says the same, or of which the largest counts. */
export function maxOf(metric: MetricDefinition, { by = [], where }: Selection = {}): string {
  mustBe(metric, "gauge");
  return `${aggregate("max", metric, by)} (${select(metric, where)})`;
}

/** A counter's growth per second. */
export function perSecond(metric: MetricDefinition, { by = [], where, window }: WindowSelection): string {
  mustBe(metric, "counter");
  return `${aggregate("sum", metric, by)} (rate(${select(metric, where)}[${window}]))`;
}

/** A counter's growth in the window; restarts do not show. */
export function growth(metric: MetricDefinition, { by = [], where, window }: WindowSelection): string {
  mustBe(metric, "counter");
  return `${aggregate("sum", metric, by)} (increase(${select(metric, where)}[${window}]))`;
}

/** How often a histogram was fed per second. */
function observationsPerSecond(
  metric: MetricDefinition,
  { by = [], where = {}, window }: WindowSelection,
): string {
  mustBe(metric, "histogram");
  const series = selectSeries(metric, `${metric.name}_count`, where);
  return `${aggregate("sum", metric, by)} (rate(${series}[${window}]))`;
}

/** A quantile of a histogram, 0 to 1. */
export function quantile(
  share: number,
  metric: MetricDefinition,
  { by = [], where = {}, window }: WindowSelection,
): string {
  mustBe(metric, "histogram");
  knowsLabels(metric, by);
  const series = selectSeries(metric, `${metric.name}_bucket`, where);
  return `histogram_quantile(${share}, sum by (${["le", ...by].join(", ")}) (rate(${series}[${window}])))`;
}

/** The mean of what a histogram was fed with. */
export function mean(metric: MetricDefinition, { by = [], where = {}, window }: WindowSelection): string {
  mustBe(metric, "histogram");
  const sum = selectSeries(metric, `${metric.name}_sum`, where);
  const total = `${aggregate("sum", metric, by)} (rate(${sum}[${window}]))`;
  return `${total} / (${observationsPerSecond(metric, { by, where, window })} > 0)`;
}

/** The share of observations above a bound, which must be one of the buckets; no sample where there were none. */
export function shareAbove<Bounds extends readonly number[]>(
  metric: MetricDefinition & { readonly buckets: Bounds },
  bound: Bounds[number],
  { by = [], where = {}, window }: WindowSelection,
): string {
  mustBe(metric, "histogram");
  const known = selectSeries(metric, `${metric.name}_bucket`, where);
  // Prometheus 3 stores a whole bound as "5.0", earlier ones as it is scraped.
  const le = Number.isInteger(bound) ? `le=~"${bound}|${bound}[.]0"` : `le="${bound}"`;
  const within = known.endsWith("}") ? `${known.slice(0, -1)}, ${le}}` : `${known}{${le}}`;
  const inTime = `${aggregate("sum", metric, by)} (rate(${within}[${window}]))`;
  return `1 - ${inTime} / (${observationsPerSecond(metric, { by, where, window })} > 0)`;
}

/** Free bytes that will be none in a day, by the last six hours and still by the last half of one: a file that was fetched is no trend. */
export function fullWithinADay(metric: MetricDefinition): string {
  mustBe(metric, "gauge");
  const predicted = (window: string) => `predict_linear(${select(metric)}[${window}], 86400) < 0`;
  return `${predicted("6h")} and ${predicted("30m")}`;
}
