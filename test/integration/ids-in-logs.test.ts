import type { ChildProcess } from "node:child_process";
import { describe, expect, it } from "vitest";
import { createBatchApi } from "../harness/batch-api.ts";
import { chat, endProcess, eventually, model, readStream, startCluster } from "../harness/cluster.ts";
import { type LogLine, recordingLog } from "../harness/recording-log.ts";

/** What is said of machines, models and batches as such; every other line here is about one request. */
const ofNoRequest: ReadonlySet<string> = new Set([
  ...["listening for clients", "listening for workers", "redis connection error", "redis started"],
  ...["worker joined", "worker lost", "worker availability", "replica breaker", "golden prompts asked"],
  ...["replica reported"],
  ...["connected to the orchestrator", "lending changed", "model ordered", "proofs not readable"],
  ...["ledger opened", "batch moved on", "batch put together", "shutting down", "lane consumer error"],
  ...[
    "no link to the orchestrator, dialling again",
    "lane error",
    "others can write into the folder of secrets: chmod go-w",
  ],
]);
const hexId = /^[0-9a-f]{32}$/;

const aboutRequests = (lines: readonly LogLine[]) =>
  lines.filter(
    ({ text, fields }) => !ofNoRequest.has(text) && !String(fields["route"]).startsWith("/cluster/"),
  );

/** Both ids on each of them. */
function expectIds(lines: readonly LogLine[]): void {
  const about = aboutRequests(lines);
  expect(about.length).toBeGreaterThan(0);
  const without = about.filter(
    ({ fields }) => typeof fields["requestId"] !== "string" || !hexId.test(String(fields["traceId"])),
  );
  expect(without).toEqual([]);
}

const traceparent = (traceId: string) => ({ headers: { traceparent: `00-${traceId}-${"1".repeat(16)}-00` } });
const traceOf = (digit: string) => digit.repeat(32);

describe("ids of requests", () => {
  it("are in the headers of answers, streams, errors and refusals, and the trace is the client's where it has one", async () => {
    const cluster = await startCluster({ apiKeys: ["key-of-this-test-0001"] });
    await cluster.worker("desk").catch(() => undefined);
    const traceId = traceOf("a");
    const asked = [
      await cluster.post("/v1/chat/completions", chat("a b"), traceparent(traceId)),
      await cluster.post("/v1/chat/completions", chat("a b", { stream: true }), traceparent(traceId)),
      await cluster.post("/v1/chat/completions", chat("!break"), traceparent(traceId)),
      await cluster.post("/v1/chat/completions", { model }, traceparent(traceId)),
      await cluster.post("/v1/nothing", {}, traceparent(traceId)),
      await fetch(`${cluster.url}/v1/models`, { ...traceparent(traceId) }),
      await fetch(`${cluster.url}/v1/%zz`, { ...traceparent(traceId) }),
    ];
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 500, 400, 404, 401, 401]);
    for (const { headers } of asked) {
      expect(headers.get("x-trace-id")).toBe(traceId);
      expect(headers.get("x-request-id")).toMatch(/^req-/);
    }
    const own = await cluster.post("/v1/chat/completions", chat("a"), {
      headers: { traceparent: "00-zz-1-01" },
    });
    expect(own.headers.get("x-trace-id")).toMatch(hexId);
    await Promise.all([...asked, own].map((each) => each.text()));
  });

  it("are in every line about a request that is answered, refused, broken off or cancelled", async () => {
    const { log, lines } = recordingLog();
    const cluster = await startCluster({}, undefined, { log });
    await cluster.worker("desk", { stubTokensPerSecond: 40 });
    await (await cluster.post("/v1/chat/completions", chat("a b"), traceparent(traceOf("a")))).text();
    await (
      await cluster.post("/v1/chat/completions", chat("a b", { n: 2 }), traceparent(traceOf("b")))
    ).text();
    await (await cluster.post("/v1/chat/completions", chat("!break"), traceparent(traceOf("c")))).text();
    await (await cluster.post("/v1/embeddings", { model: "none", input: "a" })).text();
    const leave = new AbortController();
    const left = await cluster.post("/v1/chat/completions", chat("long", { stream: true, max_tokens: 900 }), {
      signal: leave.signal,
      ...traceparent(traceOf("d")),
    });
    await left.body?.getReader().read();
    leave.abort();
    await eventually(() => cluster.orchestrator.load().runningAttempts === 0);
    expectIds(lines);
    const of = (digit: string) => lines.filter(({ fields }) => fields["traceId"] === traceOf(digit));
    for (const digit of ["a", "b", "c", "d"]) {
      // From the orchestrator, and from the worker, whose lines have its name.
      expect(of(digit).some(({ text, fields }) => text === "attempt ended" && !("worker" in fields))).toBe(
        true,
      );
      expect(of(digit).some(({ fields }) => fields["worker"] === "desk")).toBe(true);
    }
    const requestIds = new Set(of("b").map(({ fields }) => String(fields["requestId"]).slice(0, 40)));
    expect(requestIds.size).toBe(1);
  });

  it("stay with a request that goes on elsewhere after its worker was killed, through two orchestrators", async () => {
    const [home, runner] = [recordingLog(), recordingLog()];
    const redisPrefix = `ids-${process.pid}`;
    const back = await startCluster({ redisPrefix }, undefined, { log: runner.log });
    const front = await startCluster({ redisPrefix }, undefined, { log: home.log });
    const victim: ChildProcess = await back.workerProcess("victim", {
      env: { MUSTER_STUB_FIRST_TOKEN_MS: "30000" },
    });
    await eventually(async () => {
      const answer = await fetch(`${front.url}/v1/models`);
      return ((await answer.json()) as { data: { id: string }[] }).data.some(({ id }) => id === model);
    });
    const traceId = traceOf("e");
    const asked = front.post("/v1/chat/completions", chat("a b", { stream: true }), traceparent(traceId));
    await eventually(() => back.orchestrator.load().runningAttempts === 1);
    await back.worker("second");
    await endProcess(victim);
    expect((await readStream(await asked)).isDone).toBe(true);
    expectIds([...home.lines, ...runner.lines]);
    const texts = runner.lines.filter(({ fields }) => fields["traceId"] === traceId).map(({ text }) => text);
    expect(texts).toContain("attempt failed, trying elsewhere");
    // Of the runner's two attempts and the second worker's one.
    expect(texts.filter((text) => text === "attempt ended")).toHaveLength(3);
    expect(home.lines.some(({ fields }) => fields["traceId"] === traceId)).toBe(true);
  });

  it("are those of the output file for lines of a batch, each with a trace of its own", async () => {
    const { log, lines } = recordingLog();
    const cluster = await startCluster({}, undefined, { log });
    await cluster.worker("desk");
    const api = createBatchApi({ url: () => cluster.url });
    const input = ["one", "!break", "three"].map((content, at) =>
      JSON.stringify({
        ...{ custom_id: `c${at}`, method: "POST", url: "/v1/chat/completions" },
        body: chat(content, { max_tokens: 4 }),
      }),
    );
    const { id } = await api.create((await api.upload(input.join("\n"))).id);
    const batch = await api.untilState(id, "completed");
    expectIds(lines);
    const results = [
      ...(await api.results(batch.output_file_id)),
      ...(await api.results(batch.error_file_id)),
    ];
    const traces = results.map(({ response }) => response?.request_id.replace(/^req-/, ""));
    expect(new Set(traces).size).toBe(3);
    for (const traceId of traces)
      expect(lines.filter(({ fields }) => fields["traceId"] === traceId).length).toBeGreaterThan(1);
  });
});
