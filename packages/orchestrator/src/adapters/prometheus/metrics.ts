import type { AliasKind } from "../../core/metrics/aliases.ts";
import { fleetMetrics } from "../../core/metrics/definitions.ts";
import type { Metrics } from "../../ports/metrics.ts";
import { aliasText } from "./aliases.ts";
import { CounterFamily, HistogramFamily, type Pieces } from "./families.ts";
import { countModels, fleetGauges, workerStateGauge } from "./fleet-gauges.ts";
import { healthGauges } from "./health-gauges.ts";
import type { Observed } from "./observed.ts";
import { createProcessText } from "./process-text.ts";
import { countRequests, createQueueFamilies, createRequestFamilies } from "./request-metrics.ts";
import { contentType } from "./sample-text.ts";
import { workerSeries } from "./worker-series.ts";
import { writeSlowly } from "./write-slowly.ts";

export interface PrometheusMetrics extends Metrics {
  /** The text that Prometheus scrapes, and its content type. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
  close(): void;
}

export interface PrometheusOptions {
  readonly version: string;
  readonly node: string;
  /** Series by tenant as well. */
  readonly hasTenants: boolean;
  readonly aliases: readonly AliasKind[];
  /** Monotonic. */
  readonly nowMs: () => number;
}

/** Every metric of core/metrics/definitions.ts. What is counted is counted as it happens, all else is looked at when scraped. */
export function createPrometheusMetrics(observed: Observed, options: PrometheusOptions): PrometheusMetrics {
  const requests = createRequestFamilies(options);
  const { lineEnded, ...requestCounts } = countRequests(requests);
  const queue = createQueueFamilies();
  const fleet = createFleetFamilies();
  const processText = createProcessText();
  const { tenants, ...requestFamilies } = requests;
  const counted: (CounterFamily | HistogramFamily)[] = [
    ...Object.values(requestFamilies),
    ...Object.values(tenants ?? {}),
    ...Object.values(queue),
    ...Object.values(fleet),
  ];

  function* pieces(): Pieces {
    for (const family of counted) yield* family.text();
    const { models, workers } = yield* countModels(observed.workers());
    yield* workerStateGauge(observed, workers);
    yield* fleetGauges(observed, models);
    yield* workerSeries(observed);
    yield* healthGauges(observed, options);
    yield* aliasText(options.aliases, { requests, models, observed });
  }
  const write = async () => ({
    contentType,
    text: (await writeSlowly(pieces(), options.nowMs)) + (await processText.read()),
  });
  let writing: ReturnType<typeof write> | undefined;

  return {
    ...requestCounts,
    attemptEnded: (model, result) => queue.dispatches.add(1, model, result),
    retried: (reason) => queue.retries.add(1, reason),
    givenBack: (laneClass) => queue.givenBack.add(1, laneClass),
    lineAnswered(line) {
      const outcome = line.status < 400 ? "completed" : "failed";
      queue.lines.add(1, line.model, line.isCached ? "cached" : outcome);
      lineEnded(line);
    },
    resultFenced: (reason) => queue.fencedResults.add(1, reason),
    batchEnded: (state, durationMs) => queue.batchDuration.observe(durationMs / 1_000, 1, state),
    placed: (action) => fleet.placements.add(1, action),
    loadEnded(model, result, loadMs) {
      fleet.replicaLoads.add(1, model, result);
      if (result === "ok") fleet.loadSeconds.observe(loadMs / 1_000, 1, model);
    },
    coldStarted: (model) => fleet.coldStarts.add(1, model),
    // Whoever scrapes at the same time gets the same.
    scrape() {
      writing ??= write().finally(() => {
        writing = undefined;
      });
      return writing;
    },
    close: () => processText.close(),
  };
}

function createFleetFamilies() {
  const families = {
    placements: new CounterFamily(fleetMetrics.placements),
    replicaLoads: new CounterFamily(fleetMetrics.replicaLoads),
    loadSeconds: new HistogramFamily(fleetMetrics.loadSeconds),
    coldStarts: new CounterFamily(fleetMetrics.coldStarts),
  };
  for (const action of ["load", "unload", "retire"]) families.placements.add(0, action);
  return families;
}
