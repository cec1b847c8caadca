/**
 * One metric as it is scraped. Labels are bounded: models that the fleet serves, workers, fixed words; never a user, a
 * key or a request.
 */
export interface MetricDefinition {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Of histograms, in the unit of the name. */
  readonly buckets?: readonly number[];
}

/** Keeps names as literals, so that what is not there cannot be asked for. */
export const defineMetrics = <const Metrics extends Record<string, MetricDefinition>>(
  metrics: Metrics,
): Metrics => metrics;
