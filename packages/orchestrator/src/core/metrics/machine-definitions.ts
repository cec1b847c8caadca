import { defineMetrics } from "./definition.ts";

/** One series or a few for each worker that is connected: as it says itself in its beats. */
export const workerMetrics = defineMetrics({
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
export const healthMetrics = defineMetrics({
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
