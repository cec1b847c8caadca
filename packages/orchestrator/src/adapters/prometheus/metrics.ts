import { collectDefaultMetrics, Registry } from "prom-client";
import type { AliasKind } from "../../core/metrics/aliases.ts";
import { fleetMetrics } from "../../core/metrics/definitions.ts";
import type { Metrics } from "../../ports/metrics.ts";
import { aliasRegistries } from "./aliases.ts";
import { CounterFamily, HistogramFamily } from "./families.ts";
import { countFleet, createFleetGauges } from "./fleet-gauges.ts";
import { createHealthGauges } from "./health-gauges.ts";
import type { Observed } from "./observed.ts";
import { createPause } from "./pause.ts";
import { countRequests, createQueueFamilies, createRequestFamilies } from "./request-metrics.ts";
import { createWorkerSeries } from "./worker-series.ts";

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
  const registry = new Registry();
  const requests = createRequestFamilies(registry, options);
  const { lineEnded, ...requestCounts } = countRequests(requests);
  const queue = createQueueFamilies(registry);
  const fleet = createFleetFamilies(registry);
  const fleetGauges = createFleetGauges(registry);
  const workerSeries = createWorkerSeries(registry);
  const healthGauges = createHealthGauges(registry, options);
  // The usual ones of a Node process: `muster_process_...`, `muster_nodejs_...`.
  collectDefaultMetrics({ register: registry, prefix: "muster_" });

  const write = async () => {
    const pause = createPause(options.nowMs);
    const counts = await countFleet(observed.workers(), pause);
    fleetGauges.look(observed, counts);
    await workerSeries.look(observed, pause);
    healthGauges.look(observed);
    const texts: string[] = [];
    for (const { name } of registry.getMetricsAsArray()) {
      texts.push(`${await registry.getSingleMetricAsString(name)}\n`);
      await pause();
    }
    const { models } = counts;
    for await (const alias of aliasRegistries(options.aliases, { requests, models, observed })) {
      texts.push(await alias.metrics());
      await pause();
    }
    return { contentType: registry.contentType, text: texts.join("") };
  };
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
    // Counted at the end of each answer.
    tokensCame() {},
    resultFenced: (reason) => queue.fencedResults.add(1, reason),
    batchEnded: (state, durationMs) => queue.batchDuration.observe(durationMs / 1_000, state),
    placed: (action) => fleet.placements.add(1, action),
    loadEnded(model, result, loadMs) {
      fleet.replicaLoads.add(1, model, result);
      if (result === "ok") fleet.loadSeconds.observe(loadMs / 1_000, model);
    },
    coldStarted: (model) => fleet.coldStarts.add(1, model),
    // Whoever scrapes at the same time gets the same.
    scrape() {
      writing ??= write().finally(() => {
        writing = undefined;
      });
      return writing;
    },
    close: () => registry.clear(),
  };
}

function createFleetFamilies(registry: Registry) {
  const families = {
    placements: new CounterFamily(registry, fleetMetrics.placements),
    replicaLoads: new CounterFamily(registry, fleetMetrics.replicaLoads),
    loadSeconds: new HistogramFamily(registry, fleetMetrics.loadSeconds),
    coldStarts: new CounterFamily(registry, fleetMetrics.coldStarts),
  };
  for (const action of ["load", "unload", "retire"]) families.placements.add(0, action);
  return families;
}
