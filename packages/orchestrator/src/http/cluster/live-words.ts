import type { Finding } from "../../core/findings/finding.ts";
import type { ClusterNow, FlowNow } from "../../core/live/cluster-now.ts";
import type { GpuRow, ReplicaRow, WorkerRow } from "../../core/live/live-rows.ts";
import type { BatchRow } from "../../flows/live/batch-rows.ts";
import type { LiveWording } from "../../flows/live/live-feed.ts";
import { secondsOf } from "../openai/unix-seconds.ts";
import { round } from "./worker-load.ts";

/** The live view in the words of the API, as server-sent events. */
export function createLiveWording(about: {
  readonly version: string;
  readonly orchestratorId: string;
  readonly startedWallMs: number;
  readonly intervalMs: number;
  readonly wallMs: () => number;
  /** Batches that are not over, of the whole cluster, by state. */
  readonly batches: () => ReadonlyMap<string, number>;
}): LiveWording {
  return {
    hello: () =>
      event(
        "hello",
        JSON.stringify({
          version: about.version,
          orchestrator_id: about.orchestratorId,
          started_at: secondsOf(about.startedWallMs),
          interval_seconds: about.intervalMs / 1_000,
        }),
      ),
    now: ({ now }) =>
      event(
        "now",
        JSON.stringify({
          at: Math.round(about.wallMs() / 100) / 10,
          ...nowBody(now),
          batches: Object.fromEntries(about.batches()),
        }),
      ),
    workerRow: (row) => JSON.stringify(workerBody(row)),
    batchRow: (row) => JSON.stringify(batchBody(row)),
    findings: (findings) => event("findings", JSON.stringify(findings.map(findingBody))),
    rows: event,
  };
}

function event(kind: string, json: string): string {
  return `event: ${kind}\ndata: ${json}\n\n`;
}

function nowBody({ total, models, fleet }: ClusterNow) {
  return {
    total: flowBody(total),
    models: Object.fromEntries([...models].map(([model, flow]) => [model, flowBody(flow)])),
    workers: fleet.workers,
    slots: { total: fleet.slots, used: fleet.slotsUsed },
    vram: { total_bytes: fleet.vramBytes, ours_bytes: fleet.oursBytes, others_bytes: fleet.othersBytes },
    gpu_utilization: fleet.gpusTelling === 0 ? null : round(fleet.utilizationSum / fleet.gpusTelling, 3),
    watts: fleet.wattsTelling === 0 ? null : round(fleet.watts, 1),
  };
}

function flowBody(flow: FlowNow) {
  return {
    prompt_tokens_per_second: round(flow.promptTokens, 2),
    cached_tokens_per_second: round(flow.cachedTokens, 2),
    generated_tokens_per_second: round(flow.generatedTokens, 2),
    requests_per_second: round(flow.requests, 2),
    failures_per_second: round(flow.failures, 2),
    running: flow.running,
    waiting: flow.waiting,
    lines_left: flow.linesLeft,
    oldest_wait_seconds: flow.waiting === 0 ? null : round(flow.oldestWaitMs / 1_000, 1),
    first_token_p50_seconds: seconds(flow.firstTokenP50Ms),
    first_token_p99_seconds: seconds(flow.firstTokenP99Ms),
  };
}

function workerBody(row: WorkerRow) {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    availability: row.availability,
    pool: row.pool ?? null,
    platform: row.platform,
    backend: row.backend,
    version: row.version,
    gpus: row.gpus.map(gpuBody),
    cpu_load: row.cpuLoad,
    ram_bytes: row.ramBytes,
    watts: row.watts ?? null,
    replicas: row.replicas.map(replicaBody),
  };
}

function gpuBody(gpu: GpuRow) {
  return {
    name: gpu.name,
    vram_bytes: gpu.vramBytes,
    ours_bytes: gpu.oursBytes ?? null,
    others_bytes: gpu.othersBytes ?? null,
    utilization: gpu.utilization ?? null,
    temperature_celsius: gpu.temperatureCelsius ?? null,
    watts: gpu.watts ?? null,
  };
}

function replicaBody(replica: ReplicaRow) {
  return {
    id: replica.id,
    model: replica.model,
    state: replica.state,
    slots: replica.slots,
    slots_used: replica.slotsUsed,
    decode_tokens_per_second: replica.decodeTokensPerSecond ?? null,
    vram_bytes: replica.vramBytes,
    progress: replica.progress ?? null,
    problem: replica.problem ?? null,
  };
}

function batchBody(row: BatchRow) {
  return {
    id: row.id,
    status: row.status,
    model: row.model ?? null,
    name: row.name ?? null,
    total: row.total,
    completed: row.completed,
    failed: row.failed,
    created_at: secondsOf(row.createdAtMs),
    expected_end_at: secondsOf(row.expectedEndAtMs),
  };
}

export function findingBody({ id, severity, says, fix, sinceMs }: Finding) {
  return { id, severity, says, fix: fix ?? null, since: secondsOf(sinceMs) };
}

/** Milliseconds that people can see the difference of. */
function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Number((ms / 1_000).toPrecision(3));
}
