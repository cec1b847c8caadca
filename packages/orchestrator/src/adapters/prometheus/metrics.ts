import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Energy } from "../../core/fleet/energy.ts";
import type { WorkerView } from "../../core/fleet/worker.ts";
import type { Metrics } from "../../ports/metrics.ts";
import { quotaLimits } from "../../ports/quota.ts";
import { registerWorkerGauges } from "./worker-gauges.ts";

const endToEndBuckets = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920,
];
const queueBuckets = [0.01, 0.05, 0.1, ...endToEndBuckets];
const firstTokenBuckets = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
];
const interTokenBuckets = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

export interface PrometheusMetrics extends Metrics {
  /** The text that Prometheus scrapes, and its content type. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
  close(): void;
}

/**
 * Every metric of the orchestrator. Labels are bounded: models that the fleet serves, fixed words, and workers; never
 * a user, a key or a request.
 */
export function createPrometheusMetrics(observe: {
  readonly workers: () => readonly WorkerView[];
  /** What a worker has drawn, by its id. */
  readonly energy: (workerId: string) => Energy;
  readonly openRequests: () => number;
  readonly isStoreUp: () => boolean;
  /** Batches that are not over, by state. */
  readonly batches: () => ReadonlyMap<string, number>;
  /** Lines that are being run here. */
  readonly runningLines: () => number;
}): PrometheusMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: "muster_" });

  const requests = new Counter({
    name: "muster_requests_total",
    help: "Requests that have ended, by outcome.",
    labelNames: ["model", "endpoint", "outcome"],
    registers,
  });
  const duration = new Histogram({
    name: "muster_request_duration_seconds",
    help: "From the acceptance of a request to its last byte.",
    labelNames: ["model", "endpoint"],
    buckets: endToEndBuckets,
    registers,
  });
  const queueWait = new Histogram({
    name: "muster_queue_wait_seconds",
    help: "From the acceptance of a request to a slot.",
    labelNames: ["model", "class"],
    buckets: queueBuckets,
    registers,
  });
  const firstToken = new Histogram({
    name: "muster_time_to_first_token_seconds",
    help: "From the acceptance of a request to the first piece of its answer.",
    labelNames: ["model"],
    buckets: firstTokenBuckets,
    registers,
  });
  const interToken = new Histogram({
    name: "muster_inter_token_latency_seconds",
    help: "Time between two tokens of an answer, as they reached the client.",
    labelNames: ["model"],
    buckets: interTokenBuckets,
    registers,
  });
  const tokenCounter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ["model"], registers });
  const promptTokens = tokenCounter("muster_prompt_tokens_total", "Prompt tokens of answered requests.");
  const cachedTokens = tokenCounter(
    "muster_cached_prompt_tokens_total",
    "Prompt tokens found in a slot's cache.",
  );
  const generatedTokens = tokenCounter("muster_generation_tokens_total", "Generated tokens.");
  const attempts = new Counter({
    name: "muster_dispatch_total",
    help: "Attempts that have ended on a worker, by result.",
    labelNames: ["model", "result"],
    registers,
  });
  const retries = new Counter({
    name: "muster_retries_total",
    help: "Attempts that were made because an earlier one failed, by that failure.",
    labelNames: ["reason"],
    registers,
  });
  const givenBack = new Counter({
    name: "muster_given_back_total",
    help: "Attempts that workers gave back because their machine was needed, by class.",
    labelNames: ["class"],
    registers,
  });
  for (const laneClass of ["interactive", "batch"]) givenBack.inc({ class: laneClass }, 0);

  const placements = new Counter({
    name: "muster_placement_actions_total",
    help: "Models that placement has ordered (load), sent away (unload), or let end their work first (retire).",
    labelNames: ["action"],
    registers,
  });
  const lines = new Counter({
    name: "muster_batch_lines_total",
    help: "Lines of batches that have their answer, by outcome; cached ones were not run.",
    labelNames: ["model", "outcome"],
    registers,
  });

  const quotaRefusals = new Counter({
    name: "muster_quota_refusals_total",
    help: "Requests, batches and files that a limit of their key kept out, by that limit.",
    labelNames: ["limit"],
    registers,
  });
  for (const limit of quotaLimits) quotaRefusals.inc({ limit }, 0);

  registerFleetGauges(registers, observe);
  registerBatchGauges(registers, observe);
  registerWorkerGauges(registers, observe);

  return {
    requestEnded({ model, endpoint, outcome, durationMs }) {
      requests.inc({ model, endpoint, outcome });
      duration.observe({ model, endpoint }, durationMs / 1000);
    },
    queueWaited: (model, laneClass, waitMs) => queueWait.observe({ model, class: laneClass }, waitMs / 1000),
    firstToken: (model, sinceAcceptedMs) => firstToken.observe({ model }, sinceAcceptedMs / 1000),
    interToken: (model, perTokenMs) => interToken.observe({ model }, perTokenMs / 1000),
    // Counted at the end of each answer.
    tokensCame() {},
    tokensUsed(model, usage) {
      promptTokens.inc({ model }, usage.promptTokens);
      cachedTokens.inc({ model }, usage.cachedTokens);
      generatedTokens.inc({ model }, usage.completionTokens);
    },
    attemptEnded: (model, result) => attempts.inc({ model, result }),
    retried: (reason) => retries.inc({ reason }),
    placed: (action) => placements.inc({ action }),
    givenBack: (laneClass) => givenBack.inc({ class: laneClass }),
    lineAnswered: (model, outcome) => lines.inc({ model, outcome }),
    quotaRefused: (limit) => quotaRefusals.inc({ limit }),
    scrape: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    close: () => registry.clear(),
  };
}

function registerFleetGauges(
  registers: Registry[],
  observe: Parameters<typeof createPrometheusMetrics>[0],
): void {
  new Gauge({
    name: "muster_workers",
    help: "Workers, by state.",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      for (const state of ["joining", "ready", "away", "draining", "lost"]) this.set({ state }, 0);
      for (const worker of observe.workers()) this.inc({ state: worker.state });
    },
  });
  new Gauge({
    name: "muster_worker_slots",
    help: "Slots of ready replicas, by use.",
    labelNames: ["worker", "model", "state"],
    registers,
    collect() {
      this.reset();
      for (const { name, state, replicas } of observe.workers()) {
        if (state === "lost") continue;
        for (const { model, slots: total, slotsUsed } of replicas) {
          this.inc({ worker: name, model, state: "used" }, slotsUsed);
          this.inc({ worker: name, model, state: "free" }, Math.max(0, total - slotsUsed));
        }
      }
    },
  });
  new Gauge({
    name: "muster_replicas_held_back",
    help: "Replicas that are ready and get no work: their golden prompts were answered wrongly, or are awaited.",
    labelNames: ["model"],
    registers,
    collect() {
      this.reset();
      for (const { state, replicas } of observe.workers()) {
        if (state === "lost") continue;
        for (const { model, heldBack } of replicas) this.inc({ model }, heldBack === undefined ? 0 : 1);
      }
    },
  });
  new Gauge({
    name: "muster_inflight_requests",
    help: "Requests that are accepted and not answered yet, waiting ones included.",
    registers,
    collect() {
      this.set(observe.openRequests());
    },
  });
  new Gauge({
    name: "muster_redis_up",
    help: "1 while Redis answers.",
    registers,
    collect() {
      this.set(observe.isStoreUp() ? 1 : 0);
    },
  });
}

function registerBatchGauges(
  registers: Registry[],
  observe: Parameters<typeof createPrometheusMetrics>[0],
): void {
  new Gauge({
    name: "muster_batches",
    help: "Batches that are not over, by state.",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      for (const [state, count] of observe.batches()) this.set({ state }, count);
    },
  });
  new Gauge({
    name: "muster_batch_lines_running",
    help: "Lines of batches that this orchestrator has taken and not answered yet.",
    registers,
    collect() {
      this.set(observe.runningLines());
    },
  });
}
