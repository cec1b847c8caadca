import { buckets } from "./buckets.ts";

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

const define = <const Metrics extends Record<string, MetricDefinition>>(metrics: Metrics): Metrics => metrics;

/** What people ask for: requests, their times and tokens. */
export const requestMetrics = define({
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
export const queueMetrics = define({
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
export const fleetMetrics = define({
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

/** One series or a few for each worker that is connected: as it says itself in its beats. */
export const workerMetrics = define({
  up: {
    ...{ name: "muster_worker_up", type: "gauge", labels: ["worker"] },
    help: "1 while the worker is connected, 0 while it is lost; gone once it is forgotten.",
  },
  info: {
    ...{
      name: "muster_worker_info",
      type: "gauge",
      labels: ["worker", "version", "platform", "backend", "pool"],
    },
    help: "1, with what the worker is.",
  },
  heartbeatAge: {
    ...{ name: "muster_worker_heartbeat_age_seconds", type: "gauge", labels: ["worker"] },
    help: "Since the worker was heard of last.",
  },
  slots: {
    ...{ name: "muster_worker_slots", type: "gauge", labels: ["worker", "model", "state"] },
    help: "Slots by use: used, or free where they may be taken now.",
  },
  cpu: {
    ...{ name: "muster_worker_cpu_ratio", type: "gauge", labels: ["worker"] },
    help: "Share of all cores in use, by anybody: 0 to 1.",
  },
  freeRam: {
    ...{ name: "muster_worker_free_ram_bytes", type: "gauge", labels: ["worker"] },
    help: "Main memory that is free.",
  },
  vram: {
    ...{ name: "muster_worker_vram_bytes", type: "gauge", labels: ["worker", "kind"] },
    help: "Memory of all GPUs of a worker: total, ours, others, free, offered.",
  },
  gpuUtilization: {
    ...{ name: "muster_gpu_utilization_ratio", type: "gauge", labels: ["worker", "gpu"] },
    help: "Share of the time that a GPU works, for anybody: 0 to 1. GPUs are numbered from 0.",
  },
  gpuTemperature: {
    ...{ name: "muster_gpu_temperature_celsius", type: "gauge", labels: ["worker", "gpu"] },
    help: "Of the GPU's core.",
  },
  gpuWatts: {
    ...{ name: "muster_gpu_watts", type: "gauge", labels: ["worker", "gpu"] },
    help: "What a GPU draws.",
  },
  watts: {
    ...{ name: "muster_worker_watts", type: "gauge", labels: ["worker"] },
    help: "What the parts of a worker draw that tell it.",
  },
  energy: {
    ...{ name: "muster_worker_energy_joules_total", type: "counter", labels: ["worker", "kind"] },
    help: "What a worker has drawn: while it worked for Muster, and else.",
  },
  freeDisk: {
    ...{ name: "muster_worker_free_disk_bytes", type: "gauge", labels: ["worker"] },
    help: "Free where the worker's model files are.",
  },
  residentMemory: {
    ...{ name: "muster_worker_resident_memory_bytes", type: "gauge", labels: ["worker"] },
    help: "Main memory of the worker's own process; engines are processes of their own.",
  },
  cpuSeconds: {
    ...{ name: "muster_worker_cpu_seconds_total", type: "counter", labels: ["worker"] },
    help: "Processor time of the worker's own process.",
  },
  eventLoopLag: {
    ...{ name: "muster_worker_event_loop_lag_seconds", type: "gauge", labels: ["worker"] },
    help: "99th percentile of late timers in the worker's process since its last beat.",
  },
  engineCrashes: {
    ...{ name: "muster_worker_engine_crashes_total", type: "counter", labels: ["worker"] },
    help: "Engine processes that ended by themselves.",
  },
  promptTokens: {
    ...{ name: "muster_worker_prompt_tokens_total", type: "counter", labels: ["worker"] },
    help: "Prompt tokens that the worker evaluated: cached ones left out.",
  },
  generationTokens: {
    ...{ name: "muster_worker_generation_tokens_total", type: "counter", labels: ["worker"] },
    help: "Tokens that the worker generated.",
  },
  prefillSeconds: {
    ...{ name: "muster_worker_prefill_seconds_total", type: "counter", labels: ["worker"] },
    help: "Time of answers up to their first token, on the worker.",
  },
  decodeSeconds: {
    ...{ name: "muster_worker_decode_seconds_total", type: "counter", labels: ["worker"] },
    help: "Time of answers from their first token to their last, on the worker.",
  },
});

/** The orchestrator itself, beside the usual ones of a Node process (muster_process_..., muster_nodejs_...). */
export const healthMetrics = define({
  build: {
    ...{ name: "muster_build_info", type: "gauge", labels: ["version", "node"] },
    help: "1, with the versions of the orchestrator and its Node.",
  },
  redisUp: { name: "muster_redis_up", type: "gauge", labels: [], help: "1 while Redis answers." },
  redisMemory: {
    ...{ name: "muster_redis_memory_bytes", type: "gauge", labels: ["kind"] },
    help: "Of Redis: used, and max where it has a limit.",
  },
  redisLatency: {
    ...{ name: "muster_redis_latency_seconds", type: "gauge", labels: [] },
    help: "Of the last PING.",
  },
  diskFree: {
    ...{ name: "muster_disk_free_bytes", type: "gauge", labels: ["volume"] },
    help: "Free where files and batches (objects), model files (mirror) and the rest (data) are; of a directory only.",
  },
  diskSize: {
    ...{ name: "muster_disk_size_bytes", type: "gauge", labels: ["volume"] },
    help: "Size of the same disks.",
  },
  certificateExpiry: {
    ...{ name: "muster_certificate_expiry_timestamp_seconds", type: "gauge", labels: ["certificate"] },
    help: "When a certificate ends (Unix time): of clients' listener (clients), of the fleet port (fleet), the authority's.",
  },
  unreadableRecords: {
    ...{ name: "muster_unreadable_records", type: "gauge", labels: [] },
    help: "Records of keys, enrolments and the like in the object store that could not be read at the last look.",
  },
  liveClients: {
    ...{ name: "muster_live_clients", type: "gauge", labels: [] },
    help: "Dashboards and terminals that follow the live view.",
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
