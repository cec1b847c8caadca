import type { Finding, LiveBatch, LiveEvent, LiveFlow, LiveNow, LiveReplica, LiveWorker } from "@muster/sdk";
import { firstPicture, type Picture } from "./picture.ts";
import { renderTop, type ScreenSize, type TopFrame } from "./render-top.ts";
import { nothingHeard, type TopState, withEvent } from "./top-state.ts";

const gib = 2 ** 30;
export const atSeconds = 1_764_400_000;

function flow(changes: Partial<LiveFlow> = {}): LiveFlow {
  return {
    prompt_tokens_per_second: 0,
    cached_tokens_per_second: 0,
    generated_tokens_per_second: 0,
    requests_per_second: 0,
    failures_per_second: 0,
    running: 0,
    waiting: 0,
    lines_left: 0,
    oldest_wait_seconds: null,
    first_token_p50_seconds: null,
    first_token_p99_seconds: null,
    ...changes,
  };
}

export function liveNow(changes: Partial<LiveNow> = {}): LiveNow {
  return {
    at: atSeconds,
    total: flow({
      generated_tokens_per_second: 142.4,
      requests_per_second: 1.25,
      running: 5,
      waiting: 2,
      oldest_wait_seconds: 4,
      first_token_p50_seconds: 0.31,
      first_token_p99_seconds: 1.2,
    }),
    models: {
      "gemma-4-e4b-it": flow({ generated_tokens_per_second: 140, running: 5, waiting: 2 }),
      "tiny-gemma": flow({ generated_tokens_per_second: 2.4, lines_left: 12_345 }),
    },
    workers: { ready: 2, joining: 1 },
    slots: { total: 8, used: 5 },
    vram: { total_bytes: 24 * gib, ours_bytes: 12 * gib, others_bytes: 3 * gib },
    gpu_utilization: 0.61,
    watts: 480.4,
    batches: { in_progress: 1 },
    ...changes,
  };
}

export function liveReplica(model: string, changes: Partial<LiveReplica> = {}): LiveReplica {
  return {
    id: `rep-${model}`,
    model,
    state: "ready",
    slots: 4,
    slots_used: 0,
    decode_tokens_per_second: 30,
    vram_bytes: 5 * gib,
    progress: null,
    problem: null,
    ...changes,
  };
}

export function liveWorker(name: string, changes: Partial<LiveWorker> = {}): LiveWorker {
  return {
    id: `wrk-${name}`,
    name,
    state: "ready",
    availability: { state: "lending", reason: "", policy: "always" },
    pool: null,
    platform: "linux",
    backend: "cuda",
    version: "0.1.0",
    gpus: [
      {
        name: "RTX 4070",
        vram_bytes: 12 * gib,
        ours_bytes: 6 * gib,
        others_bytes: 3 * gib,
        utilization: 0.61,
        temperature_celsius: 60,
        watts: 160,
      },
    ],
    cpu_load: 0.41,
    ram_bytes: 32 * gib,
    watts: 200,
    replicas: [liveReplica("gemma-4-e4b-it", { slots_used: 3 })],
    ...changes,
  };
}

export function liveBatch(id: string, changes: Partial<LiveBatch> = {}): LiveBatch {
  return {
    id,
    status: "in_progress",
    model: "tiny-gemma",
    name: null,
    total: 10_000,
    completed: 6_100,
    failed: 25,
    created_at: atSeconds - 600,
    expected_end_at: atSeconds + 7_380,
    ...changes,
  };
}

export const problem: Finding = {
  id: "no_worker_for_model:gemma-4-12b-it",
  severity: "problem",
  says: "Nobody can run gemma-4-12b-it, and 3 requests wait for it.",
  fix: "muster models plan gemma-4-12b-it",
  since: atSeconds - 60,
};

/** A small office. */
export const office: readonly LiveEvent[] = [
  {
    kind: "hello",
    data: { version: "0.1.0", orchestrator_id: "orc-1", started_at: atSeconds - 11_520, interval_seconds: 2 },
  },
  { kind: "now", data: liveNow() },
  {
    kind: "workers",
    data: {
      is_full: true,
      data: [
        liveWorker("desk-1"),
        liveWorker("desk-2", {
          state: "away",
          availability: { state: "owner_here", reason: "Somebody is there.", policy: "owner-away" },
          replicas: [],
        }),
        liveWorker("cellar", { state: "joining", gpus: [], watts: null, replicas: [] }),
        liveWorker("server", { replicas: [liveReplica("tiny-gemma", { slots_used: 2, slots: 2 })] }),
      ],
      gone: [],
    },
  },
  { kind: "batches", data: { is_full: true, data: [liveBatch("batch_1", { name: "survey" })], gone: [] } },
  { kind: "findings", data: [problem] },
];

export function stateAfter(events: readonly LiveEvent[]): TopState {
  return events.reduce(withEvent, nothingHeard);
}

/** The office with so many workers and batches more. */
export function crowd(workers: number, batches: number, name = (at: number) => `machine-${at}`): TopState {
  return stateAfter([
    ...office,
    {
      kind: "workers",
      data: {
        is_full: false,
        data: Array.from({ length: workers }, (_none, at) => liveWorker(name(at), { id: `wrk-${at}` })),
        gone: [],
      },
    },
    {
      kind: "batches",
      data: {
        is_full: false,
        data: Array.from({ length: batches }, (_none, at) =>
          liveBatch(`batch_${at + 2}`, { name: name(at) }),
        ),
        gone: [],
      },
    },
  ]);
}

export function frameOf(state: TopState, size: ScreenSize, picture: Partial<Picture> = {}): TopFrame {
  return renderTop({
    state,
    size,
    picture: { ...firstPicture, ...picture },
    style: {},
    facts: { address: "http://muster.example:11500", clockText: () => "12:30:05" },
  });
}
