import { describe, expect, it } from "vitest";
import { noEnergy } from "../../core/fleet/energy.ts";
import { testHardware } from "../../core/fleet/worker.fixture.ts";
import { testReplicaLook, testWorkerLook } from "../../flows/worker-look.fixture.ts";
import { createPrometheusMetrics, type PrometheusOptions } from "./metrics.ts";
import type { Observed } from "./observed.ts";

const nothing: Observed = {
  nowMs: () => 5_000,
  workers: () => [],
  lostWorkers: () => [],
  energy: () => noEnergy,
  openRequests: () => 0,
  lanes: () => [],
  running: () => [],
  batches: () => new Map(),
  runningLines: () => 0,
  isStoreUp: () => true,
  health: () => ({
    ...{ store: undefined, disks: new Map(), objectStoreProblem: undefined, certificates: new Map() },
    ...{ trustEndsAtMs: undefined, unreadableRecords: 0 },
  }),
  liveClients: () => 0,
};

function start(observed: Partial<Observed> = {}, options: Partial<PrometheusOptions> = {}) {
  let nowMs = 0;
  const metrics = createPrometheusMetrics(
    { ...nothing, ...observed },
    {
      ...{ version: "1", node: "v20", hasTenants: false, aliases: [] },
      // Each look at the clock takes a slice of its own.
      nowMs: () => (nowMs += 100),
      ...options,
    },
  );
  const lines = async (of: RegExp) =>
    (await metrics.scrape()).text.split("\n").filter((line) => of.test(line) && !line.startsWith("#"));
  return { metrics, lines };
}

const told = { utilization: 0.5, temperatureCelsius: 50, watts: 60 };
const gpu = { name: "NVIDIA L4", vramBytes: 24, freeVramBytes: 23 };
const busy = testWorkerLook({
  ...{ id: "w1", name: "desk-1", hardware: { ...testHardware, gpus: [gpu, gpu] }, disconnects: 2 },
  load: {
    ...{ freeRamBytes: 1, cpuLoad: 0.25, cpuWatts: 15 },
    gpus: [
      { freeVramBytes: 10, othersBytes: 6, offeredBytes: 16, ...told },
      { freeVramBytes: 20, othersBytes: 4, offeredBytes: 19, ...told, utilization: undefined },
    ],
  },
  replicas: [
    testReplicaLook({ id: "r1", slots: 4 }, { slotsUsed: 1 }),
    testReplicaLook({ id: "r2", slots: 4 }, { isAccepting: false, slotsUsed: 1, isBreakerOpen: true }),
  ],
});

describe("what is scraped", () => {
  it("has of each worker what it tells, and nothing of what it does not tell", async () => {
    const silent = testWorkerLook({ id: "w2", name: "desk-2" });
    const lost = testWorkerLook({ id: "w3", name: "desk-3", disconnects: 1 });
    const { lines } = start({
      workers: () => [busy, silent],
      lostWorkers: () => [lost],
      energy: (id) => (id === "w1" ? { ...noEnergy, joules: 100, workingJoules: 70 } : noEnergy),
    });
    const expected = [
      'muster_worker_disconnects_total{worker="desk-1"} 2',
      'muster_worker_disconnects_total{worker="desk-2"} 0',
      'muster_worker_disconnects_total{worker="desk-3"} 1',
      'muster_worker_up{worker="desk-1"} 1',
      'muster_worker_up{worker="desk-2"} 1',
      'muster_worker_up{worker="desk-3"} 0',
      'muster_worker_info{worker="desk-1",version="0",platform="linux",backend="cpu",pool=""} 1',
      'muster_worker_info{worker="desk-2",version="0",platform="linux",backend="cpu",pool=""} 1',
      'muster_worker_heartbeat_age_seconds{worker="desk-1"} 5',
      'muster_worker_heartbeat_age_seconds{worker="desk-2"} 5',
      'muster_worker_slots{worker="desk-1",model="m",state="used"} 2',
      'muster_worker_slots{worker="desk-1",model="m",state="free"} 3',
      'muster_worker_cpu_ratio{worker="desk-1"} 0.25',
      'muster_worker_free_ram_bytes{worker="desk-1"} 1',
      'muster_worker_vram_bytes{worker="desk-1",kind="total"} 48',
      'muster_worker_vram_bytes{worker="desk-1",kind="ours"} 8',
      'muster_worker_vram_bytes{worker="desk-1",kind="others"} 10',
      'muster_worker_vram_bytes{worker="desk-1",kind="free"} 30',
      'muster_worker_vram_bytes{worker="desk-1",kind="offered"} 35',
      'muster_worker_watts{worker="desk-1"} 135',
      'muster_worker_energy_joules_total{worker="desk-1",kind="working"} 70',
      'muster_worker_energy_joules_total{worker="desk-1",kind="other"} 30',
    ];
    expect(await lines(/^muster_worker_/)).toEqual(expected);
    // A counter is not added to by whoever looks.
    expect(await lines(/^muster_worker_/)).toEqual(expected);
    expect(await lines(/^muster_gpu_utilization/)).toEqual([
      'muster_gpu_utilization_ratio{worker="desk-1",gpu="0"} 0.5',
    ]);
    expect(await lines(/^muster_(slots|replicas_breaker_open|workers)\{.* [1-9]/)).toEqual([
      'muster_workers{state="joining"} 1',
      'muster_workers{state="ready"} 1',
      'muster_workers{state="lost"} 1',
      'muster_slots{model="m",state="used"} 2',
      'muster_slots{model="m",state="free"} 3',
      'muster_replicas_breaker_open{model="m"} 1',
    ]);
  });

  it("never has two series alike, though workers call themselves alike", async () => {
    const named = (id: string) => testWorkerLook({ id, name: "desk" });
    const { lines } = start({
      workers: () => [named("w1"), named("w2")],
      lostWorkers: () => [
        named("w3"),
        testWorkerLook({ id: "w4", name: "old" }),
        testWorkerLook({ id: "w5", name: "old" }),
      ],
    });
    expect(await lines(/^muster_worker_up/)).toEqual([
      'muster_worker_up{worker="desk (w1)"} 1',
      'muster_worker_up{worker="desk (w2)"} 1',
      'muster_worker_up{worker="old"} 0',
    ]);
  });

  it("is not spoilt by what a hostile worker says", async () => {
    const { metrics, lines } = start();
    const usage = { promptTokens: 100, cachedTokens: 20, completionTokens: 11 };
    const answered = (prefillMs: number, decodeMs: number) =>
      metrics.attemptAnswered('a"\n\\', { reason: "stop", usage, timings: { prefillMs, decodeMs } });
    answered(1_000, 500);
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, -1, 0]) answered(wrong, wrong);
    metrics.loadEnded("m", "ok", Number.NaN);
    const labels = 'model="a\\"\\n\\\\"';
    expect(await lines(/^muster_(prefill|decode)_\w+_(sum|count)/)).toEqual([
      `muster_prefill_tokens_per_second_sum{${labels}} 80`,
      `muster_prefill_tokens_per_second_count{${labels}} 2`,
      `muster_decode_tokens_per_second_sum{${labels}} 20`,
      `muster_decode_tokens_per_second_count{${labels}} 2`,
    ]);
    expect(await lines(/^muster_model_load_seconds_count/)).toEqual([]);
  });

  it("counts each token of a piece in the time between tokens", async () => {
    const { metrics, lines } = start();
    metrics.interToken("m", 20, 3);
    expect(await lines(/^muster_inter_token_\w+_(sum|count)/)).toEqual([
      'muster_inter_token_latency_seconds_sum{model="m"} 0.06',
      'muster_inter_token_latency_seconds_count{model="m"} 3',
    ]);
    expect(await lines(/^muster_inter_token_\w+_bucket.*le="0.0(1|25)"/)).toEqual([
      'muster_inter_token_latency_seconds_bucket{le="0.01",model="m"} 0',
      'muster_inter_token_latency_seconds_bucket{le="0.025",model="m"} 3',
    ]);
  });

  it("believes no piece that it has more than a thousand tokens", async () => {
    const { metrics, lines } = start();
    for (const tokens of [2 ** 40, Number.NaN, -1]) metrics.interToken("m", 20, tokens);
    expect(await lines(/^muster_inter_token_\w+_count/)).toEqual([
      'muster_inter_token_latency_seconds_count{model="m"} 1000',
    ]);
  });

  it("has ten thousand series of what is counted, and what is beyond together", async () => {
    const { metrics, lines } = start();
    for (let at = 0; at < 10_005; at++) metrics.coldStarted(`m${at}`);
    metrics.coldStarted("m7");
    const series = await lines(/^muster_cold_starts_total/);
    expect(series).toHaveLength(10_001);
    expect(series).toContain('muster_cold_starts_total{model="m7"} 2');
    expect(series.at(-1)).toBe('muster_cold_starts_total{model="other"} 5');
  });

  it("has names for others with what their labels do not tell apart added up", async () => {
    const { metrics, lines } = start({ workers: () => [busy] }, { aliases: ["vllm", "otel"] });
    const usage = { promptTokens: 3, cachedTokens: 1, completionTokens: 2 };
    for (const reason of ["stop", "tool_calls", "length"] as const)
      metrics.attemptAnswered("m", { reason, usage, timings: { prefillMs: 1, decodeMs: 1 } });
    const asked = { model: "m", tenant: "t" };
    const ended = { laneClass: "interactive", outcome: "ok", durationMs: 20_000 } as const;
    for (const endpoint of ["chat_completions", "messages", "rerank"] as const)
      metrics.requestEnded({ ...asked, ...ended, endpoint });
    expect(await lines(/^vllm:(request_success|kv_cache)/)).toEqual([
      'vllm:kv_cache_usage_perc{model_name="m"} 0.4',
      'vllm:request_success_total{model_name="m",finished_reason="stop"} 2',
      'vllm:request_success_total{model_name="m",finished_reason="length"} 1',
    ]);
    expect(await lines(/^vllm:e2e_request_latency_seconds(_sum|_bucket.*le="(15|20|\+Inf)")/)).toEqual([
      'vllm:e2e_request_latency_seconds_bucket{le="15",model_name="m"} 0',
      'vllm:e2e_request_latency_seconds_bucket{le="20",model_name="m"} 3',
      'vllm:e2e_request_latency_seconds_bucket{le="+Inf",model_name="m"} 3',
      'vllm:e2e_request_latency_seconds_sum{model_name="m"} 60',
    ]);
    const chats = '{gen_ai_operation_name="chat",gen_ai_provider_name="muster",gen_ai_request_model="m"}';
    expect(await lines(/^gen_ai_server_request_duration_seconds_(sum|count)/)).toEqual([
      `gen_ai_server_request_duration_seconds_sum${chats} 40`,
      `gen_ai_server_request_duration_seconds_count${chats} 2`,
    ]);
  });

  it("has no number for what is not known any more", async () => {
    const store = { usedBytes: 5, maxBytes: undefined, policy: undefined, latencySeconds: 0.001 };
    let isThere = true;
    const { lines } = start({
      health: () => ({ ...nothing.health(), store: isThere ? store : undefined }),
      workers: () => (isThere ? [busy] : []),
    });
    const known = /^muster_(redis_(memory|latency)|worker_cpu)/;
    expect(await lines(known)).toHaveLength(3);
    isThere = false;
    expect(await lines(known)).toEqual([]);
  });

  it("has tenants only where they are wanted, 200 of them by name and the others together", async () => {
    const used = { promptTokens: 2, cachedTokens: 1, completionTokens: 3 };
    for (const hasTenants of [false, true]) {
      const { metrics, lines } = start({}, { hasTenants });
      for (let at = 0; at < 205; at++) metrics.tokensUsed({ model: "m", tenant: `t${at}` }, used);
      const prompts = await lines(/^muster_tenant_tokens_total.*kind="prompt"/);
      expect(prompts).toHaveLength(hasTenants ? 201 : 0);
      expect(prompts.at(-1)).toBe(
        hasTenants ? 'muster_tenant_tokens_total{tenant="other",kind="prompt"} 10' : undefined,
      );
    }
  });

  it("is written once for all who scrape at the same time, with turns for others between", async () => {
    const { metrics } = start({
      workers: () => Array.from({ length: 50 }, (_none, at) => testWorkerLook({ id: `w${at}` })),
    });
    const [one, other] = [metrics.scrape(), metrics.scrape()];
    let turns = 0;
    let isWritten = false;
    const count = () => {
      turns += 1;
      if (!isWritten) setImmediate(count);
    };
    setImmediate(count);
    const texts = [(await one).text, (await other).text];
    isWritten = true;
    expect(texts[0]).toBe(texts[1]);
    expect(turns).toBeGreaterThan(50);
  });
});
