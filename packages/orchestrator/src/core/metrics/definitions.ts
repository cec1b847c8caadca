import { buckets } from "./buckets.ts";
import { defineMetrics, type MetricDefinition } from "./definition.ts";
import { healthMetrics, workerMetrics } from "./machine-definitions.ts";

export type { MetricDefinition } from "./definition.ts";
export { healthMetrics, workerMetrics } from "./machine-definitions.ts";

/** What people ask for: requests, their times and tokens. */
export const requestMetrics = defineMetrics({
  requests: {
    ...{ name: "muster_requests_total", type: "counter", labels: ["model", "endpoint", "class", "outcome"] },
    help: "Requests and lines of batches that have ended, by outcome. Class batch: lines, and requests that asked for that lane.",
  },
  requestDuration: {
    ...{ name: "muster_request_duration_seconds", type: "histogram", labels: ["model", "endpoint"] },
    buckets: buckets.endToEndSeconds,
    help: "From the acceptance of a request to its last byte; lines of batches left out.",
  },
  queueWait: {
    ...{ name: "muster_queue_wait_seconds", type: "histogram", labels: ["model", "class"] },
    buckets: buckets.queueSeconds,
    help: "From the acceptance of a request to a slot.",
  },
  firstToken: {
    ...{ name: "muster_time_to_first_token_seconds", type: "histogram", labels: ["model"] },
    buckets: buckets.firstTokenSeconds,
    help: "From the acceptance of a request to the first piece of its answer.",
  },
  interToken: {
    ...{ name: "muster_inter_token_latency_seconds", type: "histogram", labels: ["model"] },
    buckets: buckets.interTokenSeconds,
    help: "Time between two tokens of an answer, as they reached the client.",
  },
  prefillRate: {
    ...{ name: "muster_prefill_tokens_per_second", type: "histogram", labels: ["model"] },
    buckets: buckets.prefillTokensPerSecond,
    help: "Prompt tokens that a worker evaluated for one answer, for each second of that; cached ones left out.",
  },
  decodeRate: {
    ...{ name: "muster_decode_tokens_per_second", type: "histogram", labels: ["model"] },
    buckets: buckets.decodeTokensPerSecond,
    help: "Tokens of one answer, for each second from its first to its last on the worker.",
  },
  requestPromptTokens: {
    ...{ name: "muster_request_prompt_tokens", type: "histogram", labels: ["model"] },
    buckets: buckets.tokens,
    help: "Prompt tokens of one answer: of a choice of a request, or a line.",
  },
  requestGenerationTokens: {
    ...{ name: "muster_request_generation_tokens", type: "histogram", labels: ["model"] },
    buckets: buckets.tokens,
    help: "Generated tokens of one answer: of a choice of a request, or a line.",
  },
  promptTokens: {
    ...{ name: "muster_prompt_tokens_total", type: "counter", labels: ["model"] },
    help: "Prompt tokens of answered requests, cached ones included.",
  },
  cachedTokens: {
    ...{ name: "muster_cached_prompt_tokens_total", type: "counter", labels: ["model"] },
    help: "Prompt tokens found in a slot's cache.",
  },
  generationTokens: {
    ...{ name: "muster_generation_tokens_total", type: "counter", labels: ["model"] },
    help: "Generated tokens of answers that came to their end.",
  },
  answers: {
    ...{ name: "muster_answers_total", type: "counter", labels: ["model", "reason"] },
    help: "Answers that workers have brought to their end, by why they ended: stop, length or tool_calls.",
  },
  inflight: {
    ...{ name: "muster_inflight_requests", type: "gauge", labels: [] },
    help: "Requests that are accepted and not answered yet, waiting ones included.",
  },
  running: {
    ...{ name: "muster_running_requests", type: "gauge", labels: ["model", "class"] },
    help: "Requests, and lines of batches, that have a slot of a worker that is connected here.",
  },
  quotaRefusals: {
    ...{ name: "muster_quota_refusals_total", type: "counter", labels: ["limit"] },
    help: "Requests, batches and files that a limit of their key kept out, by that limit.",
  },
  tenantRequests: {
    ...{ name: "muster_tenant_requests_total", type: "counter", labels: ["tenant", "outcome"] },
    help: "As muster_requests_total, by tenant; the first 200, then other. Only with MUSTER_METRICS_TENANTS=on.",
  },
  tenantTokens: {
    ...{ name: "muster_tenant_tokens_total", type: "counter", labels: ["tenant", "kind"] },
    help: "Tokens by tenant: kind prompt (cached ones included), cached or generation. Only with MUSTER_METRICS_TENANTS=on.",
  },
});

/** What waits, what is tried again, what batches do. */
export const queueMetrics = defineMetrics({
  laneWaiting: {
    ...{ name: "muster_lane_waiting", type: "gauge", labels: ["model", "class"] },
    help: "Requests of clients here that have no slot yet; in class batch also lines of batches that are driven here.",
  },
  laneOldestWait: {
    ...{ name: "muster_lane_oldest_wait_seconds", type: "gauge", labels: ["model", "class"] },
    help: "Age of the request that waits longest; for lines, since one of the model was answered here last.",
  },
  dispatches: {
    ...{ name: "muster_dispatch_total", type: "counter", labels: ["model", "result"] },
    help: "Attempts that have ended on a worker, by result.",
  },
  retries: {
    ...{ name: "muster_retries_total", type: "counter", labels: ["reason"] },
    help: "Attempts that were made because an earlier one failed, by that failure.",
  },
  givenBack: {
    ...{ name: "muster_given_back_total", type: "counter", labels: ["class"] },
    help: "Attempts that workers gave back because their machine was needed, by class.",
  },
  fencedResults: {
    ...{ name: "muster_fenced_results_total", type: "counter", labels: ["reason"] },
    help: "Results of lines that the ledger did not take, by why: already or lost (the line had its answer), closed (its batch was over), stale, fenced, unknown, or unassigned (its worker was never given the line).",
  },
  lines: {
    ...{ name: "muster_batch_lines_total", type: "counter", labels: ["model", "outcome"] },
    help: "Lines of batches that have their answer, by outcome; cached ones were not run.",
  },
  linesRunning: {
    ...{ name: "muster_batch_lines_running", type: "gauge", labels: [] },
    help: "Lines of batches that this orchestrator has taken and not answered yet.",
  },
  batches: {
    ...{ name: "muster_batches", type: "gauge", labels: ["state"] },
    help: "Batches that are not over, by state.",
  },
  batchDuration: {
    ...{ name: "muster_batch_duration_seconds", type: "histogram", labels: ["state"] },
    buckets: buckets.batchSeconds,
    help: "From the creation of a batch to its end, by how it ended; of batches that were driven here.",
  },
});

/** The fleet: workers, replicas, placement. */
export const fleetMetrics = defineMetrics({
  workers: {
    ...{ name: "muster_workers", type: "gauge", labels: ["state"] },
    help: "Workers, by state.",
  },
  workerDisconnects: {
    ...{ name: "muster_worker_disconnects_total", type: "counter", labels: ["worker"] },
    help: "Links to a worker that were lost or replaced, since it is known here. Goodbyes do not count.",
  },
  replicas: {
    ...{ name: "muster_replicas", type: "gauge", labels: ["model", "state"] },
    help: "Replicas of workers that are connected, by state.",
  },
  slots: {
    ...{ name: "muster_slots", type: "gauge", labels: ["model", "state"] },
    help: "Slots of all workers together: used, or free where they may be taken now.",
  },
  heldBack: {
    ...{ name: "muster_replicas_held_back", type: "gauge", labels: ["model"] },
    help: "Replicas that are ready and get no work: their golden prompts were answered wrongly, or are awaited.",
  },
  breakersOpen: {
    ...{ name: "muster_replicas_breaker_open", type: "gauge", labels: ["model"] },
    help: "Replicas that failed too often or have become far slower, and get work only where all others are so too.",
  },
  placements: {
    ...{ name: "muster_placement_actions_total", type: "counter", labels: ["action"] },
    help: "Models that placement has ordered (load), sent away (unload), or let end their work first (retire).",
  },
  replicaLoads: {
    ...{ name: "muster_replica_loads_total", type: "counter", labels: ["model", "result"] },
    help: "Replicas that became ready (ok), or could not be loaded (failed).",
  },
  loadSeconds: {
    ...{ name: "muster_model_load_seconds", type: "histogram", labels: ["model"] },
    buckets: buckets.loadSeconds,
    help: "From the order to load a model to ready; fetching its file included.",
  },
  coldStarts: {
    ...{ name: "muster_cold_starts_total", type: "counter", labels: ["model"] },
    help: "Requests that came while nobody served their model.",
  },
});

/** Every metric of Muster's own. docs/metrics.md is generated from it, and a test holds what is scraped against it. */
export const metricDefinitions: readonly MetricDefinition[] = [
  requestMetrics,
  queueMetrics,
  fleetMetrics,
  workerMetrics,
  healthMetrics,
].flatMap((group) => Object.values(group));
