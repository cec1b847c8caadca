import type { OrchestratorOverrides } from "@muster/orchestrator";
import { describe, expect, it } from "vitest";
import { createBatchApi } from "../harness/batch-api.ts";
import { chat, endProcess, eventually, model, readStream, startCluster } from "../harness/cluster.ts";
import { recordingLog } from "../harness/recording-log.ts";
import { type CollectedSpan, startTraceCollector, type TraceCollector } from "../harness/trace-collector.ts";

type Traces = NonNullable<OrchestratorOverrides["traces"]>;

const to = ({ url }: TraceCollector, change: Partial<Traces> = {}): Traces => ({
  ...{ url: `${url}/v1/traces`, headers: { "x-key": "k" }, serviceName: "muster-test", resource: {} },
  sampler: { ratio: 1, followsParent: true },
  ...change,
});
const clientSpan = "00f067aa0ba902b7";
const from = (traceId: string, flags: string) => ({
  headers: { traceparent: `00-${traceId}-${clientSpan}-${flags}` },
});
const traceId = "a".repeat(32);

/** One that there is only once. */
function only(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const found = spans.filter((span) => span.name === name);
  expect(found.map((span) => span.name)).toEqual([name]);
  return found[0] as CollectedSpan;
}

/** Every span lies within its parent, if that is here. */
function expectEnclosed(spans: readonly CollectedSpan[]): void {
  for (const span of spans) {
    expect(span.toNs).toBeGreaterThanOrEqual(span.fromNs);
    const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
    if (parent === undefined) continue;
    expect(span.fromNs).toBeGreaterThanOrEqual(parent.fromNs);
    expect(span.toNs).toBeLessThanOrEqual(parent.toNs);
  }
}

describe("the trace of a chat that is streamed", () => {
  it("shows where its time went, in the words of the conventions, and nothing of what was said", async () => {
    const collector = await startTraceCollector();
    const cluster = await startCluster({ traces: to(collector) });
    const worker = await cluster.worker("desk", { stubTokensPerSecond: 50, stubFirstTokenMs: 60 });
    const body = chat("secret words of mine", {
      ...{ stream: true, max_tokens: 6, temperature: 0.5, top_p: 0.9 },
    });
    const asked = await cluster.post("/v1/chat/completions", body, from(traceId, "01"));
    expect((await readStream(asked)).isDone).toBe(true);
    const spans = await collector.ofTrace(traceId, 6);
    const server = only(spans, "POST /v1/chat/completions");
    const inference = only(spans, `chat ${model}`);
    const [queue, attempt] = [only(spans, "queue"), only(spans, "attempt")];
    const [prefill, decode] = [only(spans, "prefill"), only(spans, "decode")];
    expect(spans).toHaveLength(6);
    expect(server.parentSpanId).toBe(clientSpan);
    expect(inference.parentSpanId).toBe(server.spanId);
    expect([queue.parentSpanId, attempt.parentSpanId]).toEqual([inference.spanId, inference.spanId]);
    expect([prefill.parentSpanId, decode.parentSpanId]).toEqual([attempt.spanId, attempt.spanId]);
    expectEnclosed(spans);
    expect([server.kind, inference.kind, attempt.kind]).toEqual([2, 3, 1]);
    expect(server.attributes).toMatchObject({
      "http.request.method": "POST",
      "http.route": "/v1/chat/completions",
      "http.response.status_code": 200,
      "muster.request.id": asked.headers.get("x-request-id"),
    });
    expect(inference.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "muster",
      "gen_ai.request.model": model,
      "gen_ai.response.model": model,
      "gen_ai.request.temperature": 0.5,
      "gen_ai.request.top_p": 0.9,
      "gen_ai.request.max_tokens": 6,
      "gen_ai.request.stream": true,
      "gen_ai.usage.output_tokens": 6,
      "gen_ai.response.finish_reasons": ["length"],
    });
    expect(inference.attributes["gen_ai.usage.input_tokens"]).toBeGreaterThan(0);
    expect(inference.events).toEqual(["first token"]);
    expect(queue.attributes).toMatchObject({ "muster.lane.class": "interactive" });
    expect(attempt.attributes).toMatchObject({
      "muster.worker.id": worker.workerId,
      "muster.worker.name": "desk",
      "muster.attempt.epoch": 1,
      "muster.attempt.result": "finished",
    });
    // As long as the worker has said: its stub takes 60 ms for the first token.
    expect(Number(prefill.toNs - prefill.fromNs) / 1e6).toBeGreaterThan(50);
    expect(decode.fromNs).toBe(prefill.toNs);
    expect(collector.bodies.join("")).not.toContain("secret");
    expect(collector.headers[0]?.["x-key"]).toBe("k");
    expect(spans.every(({ service }) => service === "muster-test")).toBe(true);
  });

  it("has its attempts as siblings, each with its result, when a worker is killed; at two orchestrators", async () => {
    const collector = await startTraceCollector();
    const shared = { redisPrefix: `traces-${process.pid}`, traces: to(collector) };
    const back = await startCluster(shared);
    const front = await startCluster(shared);
    const victim = await back.workerProcess("victim", { env: { MUSTER_STUB_FIRST_TOKEN_MS: "30000" } });
    await eventually(async () => {
      const answer = await fetch(`${front.url}/v1/models`);
      return ((await answer.json()) as { data: { id: string }[] }).data.some(({ id }) => id === model);
    });
    const asked = front.post("/v1/chat/completions", chat("a b", { stream: true }), from(traceId, "01"));
    await eventually(() => back.orchestrator.load().runningAttempts === 1);
    await back.worker("second");
    await endProcess(victim);
    expect((await readStream(await asked)).isDone).toBe(true);
    const spans = await collector.ofTrace(traceId, 8);
    const inference = only(spans, `chat ${model}`);
    const attempts = spans.filter(({ name }) => name === "attempt");
    attempts.sort(
      (a, b) => Number(a.attributes["muster.attempt.epoch"]) - Number(b.attributes["muster.attempt.epoch"]),
    );
    expect(attempts.map(({ attributes, isError }) => [attributes["muster.attempt.result"], isError])).toEqual(
      [
        ["lost", true],
        ["finished", false],
      ],
    );
    expect(attempts.every(({ parentSpanId }) => parentSpanId === inference.spanId)).toBe(true);
    expect(spans.filter(({ name }) => name === "queue")).toHaveLength(2);
    // The home says what its client saw, the runner what its workers did.
    expect(attempts[0]?.instance).not.toBe(inference.instance);
    expect(only(spans, "decode").instance).toBe(attempts[1]?.instance);
    expectEnclosed(spans.filter(({ name }) => name !== "queue"));
  });
});

describe("traces of requests that go wrong", () => {
  it("say how: by the error's code, and that a client has left", async () => {
    const collector = await startTraceCollector();
    const cluster = await startCluster({ traces: to(collector) });
    await cluster.worker("desk", { stubTokensPerSecond: 20 });
    await (await cluster.post("/v1/chat/completions", chat("!break"), from(traceId, "01"))).text();
    const spans = await collector.ofTrace(traceId, 4);
    expect(only(spans, `chat ${model}`).attributes["error.type"]).toBe("engine_failed");
    expect(only(spans, "attempt").attributes["error.type"]).toBe("engine_failed");
    expect(only(spans, "POST /v1/chat/completions").isError).toBe(true);
    const leave = new AbortController();
    const second = "b".repeat(32);
    const left = await cluster.post("/v1/chat/completions", chat("x", { stream: true, max_tokens: 500 }), {
      signal: leave.signal,
      ...from(second, "01"),
    });
    await left.body?.getReader().read();
    leave.abort();
    const cut = await collector.ofTrace(second, 4);
    expect(only(cut, `chat ${model}`).attributes["error.type"]).toBe("cancelled");
    expect(only(cut, "attempt").attributes["muster.attempt.result"]).toBe("cancelled");
  });
});

describe("what is recorded", () => {
  it("follows the client's flag, else the share", async () => {
    const collector = await startTraceCollector();
    const cluster = await startCluster({
      traces: to(collector, { sampler: { ratio: 0, followsParent: true } }),
    });
    await cluster.worker("desk");
    const ask = async (init: RequestInit) =>
      (await cluster.post("/v1/chat/completions", chat("a", { max_tokens: 1 }), init)).text();
    await ask({});
    await ask(from("b".repeat(32), "00"));
    await ask(from(traceId, "01"));
    await collector.ofTrace(traceId, 6);
    expect(new Set(collector.spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  });

  it("is nothing where traces are off: nobody is connected to", async () => {
    const collector = await startTraceCollector();
    const cluster = await startCluster();
    await cluster.worker("desk");
    await (await cluster.post("/v1/chat/completions", chat("a"), from(traceId, "01"))).text();
    await cluster.orchestrator.stop();
    expect(collector.connections()).toBe(0);
  });
});

describe("a batch", () => {
  it("has a trace for each line, linked to that of the batch", async () => {
    const collector = await startTraceCollector();
    const cluster = await startCluster({ traces: to(collector) });
    await cluster.worker("desk");
    const api = createBatchApi({ url: () => cluster.url });
    const input = ["one", "two", "three"].map((content, at) =>
      JSON.stringify({
        ...{ custom_id: `c${at}`, method: "POST", url: "/v1/chat/completions" },
        body: chat(content, { max_tokens: 4 }),
      }),
    );
    const { id } = await api.create((await api.upload(input.join("\n"))).id);
    const batch = await api.untilState(id, "completed");
    const [result] = await api.results(batch.output_file_id);
    const lineTrace = result?.response?.request_id.replace(/^req-/, "") ?? "";
    const spans = await collector.ofTrace(lineTrace, 4);
    const line = only(spans, "batch line");
    expect(only(spans, "attempt").parentSpanId).toBe(line.spanId);
    expect(spans.map(({ name }) => name).sort()).toEqual(["attempt", "batch line", "decode", "prefill"]);
    expectEnclosed(spans);
    expect(line.attributes).toMatchObject({
      "muster.batch.id": id,
      "muster.batch.line": 0,
      "muster.batch.verdict": "ok",
      "gen_ai.usage.output_tokens": 4,
    });
    await eventually(() => collector.spans.some(({ name }) => name === "batch"));
    const whole = only(collector.spans, "batch");
    const lines = collector.spans.filter(({ name }) => name === "batch line");
    expect(new Set(lines.map((each) => each.traceId)).size).toBe(3);
    expect(lines.flatMap(({ links }) => links)).toEqual(
      Array.from({ length: 3 }, () => ({ traceId: whole.traceId, spanId: whole.spanId })),
    );
    expect(whole.attributes["muster.batch.completed"]).toBe(3);
    expect(whole.fromNs).toBeLessThan(line.fromNs);
    expect(whole.toNs).toBeGreaterThan(line.toNs);
  });
});

describe("a collector", () => {
  it("that refuses or does not answer hurts nobody: spans are dropped, and that is said", async () => {
    const collector = await startTraceCollector();
    collector.answerWith(400);
    const { log, lines } = recordingLog();
    const cluster = await startCluster({ traces: to(collector) }, undefined, { log });
    await cluster.worker("desk");
    for (let asked = 0; asked < 5; asked++) {
      const answer = await cluster.post("/v1/chat/completions", chat("a", { max_tokens: 1 }));
      expect(answer.status).toBe(200);
      await answer.text();
    }
    const told = () => lines.filter(({ text }) => text === "spans dropped");
    await eventually(() => told().length > 0);
    collector.answerWith(undefined);
    await (await cluster.post("/v1/chat/completions", chat("a", { max_tokens: 1 }))).text();
    const beganMs = performance.now();
    await cluster.orchestrator.stop();
    expect(performance.now() - beganMs).toBeLessThan(9_000);
    expect(told()).toHaveLength(1);
  });

  it("gets what is left when the orchestrator stops", async () => {
    const collector = await startTraceCollector();
    const cluster = await startCluster({ traces: to(collector) });
    await cluster.worker("desk");
    await (await cluster.post("/v1/chat/completions", chat("a"), from(traceId, "01"))).text();
    await cluster.orchestrator.stop();
    expect(collector.spans.filter((span) => span.traceId === traceId)).toHaveLength(6);
  });
});
