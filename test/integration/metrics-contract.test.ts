import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { eventually, model, startCluster } from "../harness/cluster.ts";
import { parseMetrics, type Scraped } from "../harness/scraped-metrics.ts";

const contractFile = new URL("metrics-contract.txt", import.meta.url);
const chat = { model, messages: [{ role: "user", content: "four words of text" }], max_tokens: 6 };

const batchesEnded = 'muster_batch_duration_seconds_count{state="completed"}';

/** What a machine without GPUs and power counters cannot tell, and what nothing has happened for. */
const mayHaveNoSeries = new Set(
  [
    ...["muster_gpu_utilization_ratio", "muster_gpu_temperature_celsius", "muster_gpu_watts"],
    ...["muster_worker_watts", "muster_worker_energy_joules_total", "muster_worker_vram_bytes"],
    ...["muster_certificate_expiry_timestamp_seconds", "muster_cold_starts_total"],
  ].sort(),
);

describe("the metrics that are promised", () => {
  it("are all scraped, with their labels, and move with what happens", async () => {
    const cluster = await startCluster({ hasTenantMetrics: true });
    await cluster.worker("desk", { stubTokensPerSecond: 50 });
    const scrape = async () => parseMetrics(await (await fetch(`${cluster.url}/metrics`)).text());
    expect((await cluster.post("/v1/chat/completions", chat)).status).toBe(200);
    const streamed = await cluster.post("/v1/chat/completions", { ...chat, stream: true });
    expect(await streamed.text()).toContain("[DONE]");
    await runBatch(cluster.url, 3);
    // What a worker's process says of itself comes with its beats, and the end of a batch is told before it is counted.
    await eventually(async () => {
      const { sum } = await scrape();
      const told = sum("muster_worker_generation_tokens_total");
      return told === sum("muster_generation_tokens_total") && sum(batchesEnded) === 1;
    });

    const scraped = await scrape();
    const promised = promisedIn(await readFile(contractFile, "utf8"));
    expect(breaksOf(scraped, promised)).toEqual([]);

    const moved = {
      'muster_requests_total{endpoint="chat_completions",class="interactive",outcome="ok"}': 2,
      'muster_requests_total{endpoint="chat_completions",class="batch",outcome="ok"}': 3,
      'muster_batch_lines_total{outcome="completed"}': 3,
      muster_time_to_first_token_seconds_count: 2,
      muster_queue_wait_seconds_count: 2,
      muster_request_duration_seconds_count: 2,
      muster_request_generation_tokens_count: 5,
      muster_answers_total: 5,
      'muster_replica_loads_total{result="ok"}': 1,
      [batchesEnded]: 1,
      muster_model_load_seconds_count: 1,
      'muster_worker_up{worker="desk"}': 1,
      'muster_slots{state="free"}': 4,
      'muster_replicas{state="ready"}': 1,
    };
    const seen = Object.fromEntries(Object.keys(moved).map((series) => [series, scraped.sum(series)]));
    expect(seen).toEqual(moved);
    for (const series of [
      "muster_prompt_tokens_total",
      "muster_generation_tokens_total",
      'muster_tenant_tokens_total{kind="generation"}',
      "muster_worker_prompt_tokens_total",
      "muster_worker_resident_memory_bytes",
      "muster_worker_cpu_seconds_total",
      'muster_redis_memory_bytes{kind="used"}',
      'muster_disk_size_bytes{volume="objects"}',
      "muster_process_cpu_seconds_total",
    ])
      expect([series, (scraped.sum(series) ?? 0) > 0]).toEqual([series, true]);
    expect(scraped.sum("muster_generation_tokens_total")).toBe(
      scraped.sum("muster_worker_generation_tokens_total"),
    );
  });

  it("have names for others only where they are asked for, with the same figures", async () => {
    const cluster = await startCluster({ metricsAliases: ["vllm", "otel"] });
    await cluster.worker("desk");
    expect((await cluster.post("/v1/chat/completions", chat)).status).toBe(200);
    const scraped = parseMetrics(await (await fetch(`${cluster.url}/metrics`)).text());
    const same = {
      "vllm:prompt_tokens_total": "muster_prompt_tokens_total",
      "vllm:generation_tokens_total": "muster_generation_tokens_total",
      "vllm:time_to_first_token_seconds_sum": "muster_time_to_first_token_seconds_sum",
      "vllm:e2e_request_latency_seconds_count": "muster_request_duration_seconds_count",
      'gen_ai_server_request_duration_seconds_sum{gen_ai_operation_name="chat"}':
        "muster_request_duration_seconds_sum",
    };
    for (const [alias, own] of Object.entries(same))
      expect([alias, scraped.sum(alias)]).toEqual([alias, scraped.sum(own)]);
    expect(scraped.sum("vllm:request_success_total")).toBe(1);
    expect(scraped.sum(`vllm:kv_cache_usage_perc{model_name="${model}"}`)).toBe(0);
    expect(scraped.sum(`vllm:num_requests_waiting{model_name="${model}"}`)).toBe(0);
    const plain = await startCluster();
    expect(await (await fetch(`${plain.url}/metrics`)).text()).not.toMatch(/vllm:|gen_ai_/);
  });
});

interface PromisedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** `name type label,label` in each line. */
function promisedIn(text: string): readonly PromisedMetric[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [name = "", type = "", labels = ""] = line.split(" ");
      return { name, type, labels: labels === "" ? [] : labels.split(",") };
    });
}

function breaksOf(scraped: Scraped, promised: readonly PromisedMetric[]): string[] {
  const breaks: string[] = [];
  const names = new Set(promised.map(({ name }) => name));
  for (const { name, type, labels } of promised) {
    const found = scraped.families.get(name);
    if (found === undefined) breaks.push(`${name} is not scraped any more`);
    else if (found.type !== type) breaks.push(`${name} is a ${found.type}, and was promised as a ${type}`);
    else if (found.labels === undefined) {
      if (!mayHaveNoSeries.has(name)) breaks.push(`${name} has no series`);
    } else if (found.labels.join(",") !== labels.join(","))
      breaks.push(
        `${name} has the labels ${found.labels.join(",")}, and was promised with ${labels.join(",")}`,
      );
  }
  for (const [name, { isOfNode }] of scraped.families)
    if (!names.has(name) && !isOfNode) breaks.push(`${name} is not in metrics-contract.txt: add it`);
  return breaks;
}

async function runBatch(url: string, lines: number): Promise<void> {
  const input = Array.from({ length: lines }, (_none, at) =>
    JSON.stringify({ custom_id: `l${at}`, method: "POST", url: "/v1/chat/completions", body: chat }),
  ).join("\n");
  const form = new FormData();
  form.set("purpose", "batch");
  form.set("file", new Blob([input]), "input.jsonl");
  const file = (await (await fetch(`${url}/v1/files`, { method: "POST", body: form })).json()) as {
    id: string;
  };
  const asked = { input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" };
  const created = (await (
    await fetch(`${url}/v1/batches`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(asked),
    })
  ).json()) as { id: string };
  await eventually(async () => {
    const batch = (await (await fetch(`${url}/v1/batches/${created.id}`)).json()) as { status: string };
    return batch.status === "completed";
  }, 30_000);
}
