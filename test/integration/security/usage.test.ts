import { describe, expect, it } from "vitest";
import { createBatchApi } from "../../harness/batch-api.ts";
import { batchInput } from "../../harness/batch-lines.ts";
import { chat, eventually, model, readStream } from "../../harness/cluster.ts";
import { keysOf } from "../../harness/keys-api.ts";
import { startLimitedPair } from "../../harness/limited-pair.ts";

const path = "/v1/chat/completions";
const design = "a-key-of-design-0123456789";
const research = "a-key-of-research-0123456789";

interface UsageJson {
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens: number };
  };
}

interface Counts {
  readonly requests: number;
  readonly failed_requests: number;
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly worker_seconds: number;
}

interface Report {
  readonly by: readonly string[];
  readonly data: readonly (Counts & Partial<Record<"key" | "tenant" | "model" | "day" | "class", string>>)[];
  readonly total: Counts;
}

function addTold(told: { prompt: number; completion: number; cached: number }, { usage }: UsageJson): void {
  told.prompt += usage.prompt_tokens;
  told.completion += usage.completion_tokens;
  told.cached += usage.prompt_tokens_details?.cached_tokens ?? 0;
}

describe("usage over two orchestrators", () => {
  it("is what clients were told: whole, streamed, choices, vectors, and lines of batches", async () => {
    const pair = await startLimitedPair({ apiKeys: [`design:${design}`] });
    const auth = { authorization: `Bearer ${design}` };
    const told = { prompt: 0, completion: 0, cached: 0 };
    let requests = 0;
    const post = async (at: number, to: string, body: unknown) => {
      requests += 1;
      return (at % 2 === 0 ? pair[0] : pair[1]).post(to, body, { headers: auth });
    };
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_none, at) =>
        post(at, path, chat(`number ${at}`, { max_tokens: 6, n: 1 + (at % 3) })),
      ),
    );
    for (const answer of answers) addTold(told, (await answer.json()) as UsageJson);
    for (const at of [0, 1]) {
      const stream = await post(
        at,
        path,
        chat("a b c", { stream: true, stream_options: { include_usage: true } }),
      );
      addTold(told, (await readStream(stream)).events.at(-1) as UsageJson);
    }
    const vectors = await post(1, "/v1/embeddings", { model, input: ["one", "two"] });
    const { usage } = (await vectors.json()) as { usage: { prompt_tokens: number } };
    told.prompt += usage.prompt_tokens;
    expect((await post(0, path, chat("please !refuse"))).status).toBe(400);

    const api = createBatchApi({ url: () => pair[1].url, key: design });
    const file = await api.upload(batchInput({ count: 40, refuseEvery: 8 }).text);
    const batch = await api.untilState((await api.create(file.id)).id, "completed");

    const report = async (query: string, at = 0) =>
      (await (await fetch(`${pair[at]?.url}/cluster/v1/usage?${query}`, { headers: auth })).json()) as Report;
    // The other writes what it has counted within ten seconds.
    await eventually(async () => (await report("by=class")).total.requests === requests + 40);
    const { data, total } = await report("by=class,model");
    const interactive = data.find((row) => row.class === "interactive");
    const lines = data.find((row) => row.class === "batch");
    expect(interactive).toMatchObject({
      model,
      requests,
      failed_requests: 1,
      prompt_tokens: told.prompt,
      cached_tokens: told.cached,
      completion_tokens: told.completion,
    });
    expect(lines).toMatchObject({
      requests: 40,
      failed_requests: 5,
      prompt_tokens: batch.usage.input_tokens,
      completion_tokens: batch.usage.output_tokens,
    });
    expect(lines?.worker_seconds).toBeGreaterThan(0);
    expect(interactive?.worker_seconds).toBeGreaterThan(0);
    for (const by of ["key", "tenant", "model", "day", "class", "key,model,day,class"]) {
      const { data: rows } = await report(`by=${by}`);
      const sum = rows.reduce((all, row) => all + row.total_tokens, 0);
      expect(sum).toBe(total.total_tokens);
    }
    expect((await report(`by=key&key=configured:design&model=${model}`)).total).toEqual(total);
    expect((await report("by=key&model=another")).data).toEqual([]);
    expect((await report("by=key")).data).toMatchObject([{ key: "configured:design", key_name: "design" }]);

    const csv = await fetch(`${pair[0].url}/cluster/v1/usage?by=key&by=class&format=csv`, { headers: auth });
    expect(csv.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    const [head, ...rows] = (await csv.text()).trimEnd().split("\r\n");
    expect(head).toMatch(/^key,key_name,class,requests,failed_requests,prompt_tokens,/);
    expect(rows.map((row) => row.split(",").slice(0, 4))).toEqual([
      ["configured:design", "design", "batch", "40"],
      ["configured:design", "design", "interactive", String(requests)],
    ]);
  });

  it("keeps what a stream had given when its client left, and what was counted before a restart", async () => {
    const pair = await startLimitedPair({ apiKeys: [`research:${research}`] }, { stubTokensPerSecond: 50 });
    const headers = { authorization: `Bearer ${research}` };
    const leave = new AbortController();
    const response = await pair[1].post(path, chat("long", { stream: true, max_tokens: 1_000 }), {
      ...{ signal: leave.signal, headers },
    });
    const reader = response.body?.getReader();
    let text = "";
    while (text.split("data:").length < 8) text += new TextDecoder().decode((await reader?.read())?.value);
    leave.abort();
    const usage = async () =>
      (await (await fetch(`${pair[0].url}/cluster/v1/usage?by=class`, { headers })).json()) as Report;
    await eventually(() => pair[1].orchestrator.load().openRequests === 0);
    await pair[1].orchestrator.stop();
    await eventually(async () => (await usage()).total.requests === 1);
    const { total } = await usage();
    expect(total.failed_requests).toBe(1);
    expect(total.completion_tokens).toBeGreaterThanOrEqual(6);
    expect(total.completion_tokens).toBeLessThan(1_000);
  });

  it("refuses what it cannot tell", async () => {
    const [one] = await startLimitedPair({});
    for (const [query, param] of [
      ["by=moon", "by"],
      ["since=yesterday", "since"],
      ["since=2026-05-02&until=2026-05-01", "since"],
      ["since=2020-01-01&until=2026-01-01", "since"],
      ["format=xml", "format"],
    ]) {
      const answer = await fetch(`${one.url}/cluster/v1/usage?${query}`, { headers: one.auth });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { code: "invalid_request", param } });
    }
  });
});

describe("tokens of a month", () => {
  it("hold batches back, say so, count their lines for people who ask, and let them go on once there are more", async () => {
    const pair = await startLimitedPair({ limits: { tokens_per_month: 400 } }, { slots: 1 });
    const api = createBatchApi({ url: () => pair[0].url, key: pair[0].key });
    const file = await api.upload(batchInput({ count: 2_000 }).text);
    const { id } = await api.create(file.id);
    const batch = await api.until(id, ({ muster }) => muster.waits_for !== null, 30_000);
    expect(batch.muster.waits_for).toMatch(
      /^tokens: the key "limited" has used \d+ of its 400 for this month/,
    );
    expect(batch.request_counts.completed).toBeGreaterThan(0);
    expect(batch.request_counts.completed).toBeLessThan(2_000);
    expect((await pair[1].post(path, chat("x", { max_tokens: 1 }))).status).toBe(429);

    // Raised at the other one.
    const operator = keysOf(pair[1].url, pair[1].operatorAuth["authorization"]?.replace("Bearer ", ""));
    await operator.change(pair[0].keyId, { limits: { tokens_per_month: null } });
    const { completed } = batch.request_counts;
    await api.until(
      id,
      ({ muster, request_counts: now }) => muster.waits_for === null && now.completed > completed + 50,
      30_000,
    );
    await api.act(id, "cancel");
    await api.untilState(id, "cancelled");
  });
});
