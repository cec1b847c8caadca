import { describe, expect, it } from "vitest";
import {
  chat,
  endProcess,
  eventually,
  model,
  readStream,
  startCluster,
  type TestCluster,
} from "../harness/cluster.ts";

/** Two orchestrators on one Redis: clients talk to the first, workers dial the second. */
async function startPair(): Promise<{ front: TestCluster; back: TestCluster }> {
  const redisPrefix = `pair-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const back = await startCluster({ redisPrefix });
  const front = await startCluster({ redisPrefix, queueTimeoutMs: 3_000 });
  return { front, back };
}

async function untilServed({ url }: TestCluster): Promise<void> {
  await eventually(async () => {
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as {
      data: { id: string; slots: number }[];
    };
    return data.some((one) => one.id === model && one.slots > 0);
  });
}

describe("a client of one orchestrator and a worker of another", () => {
  it("find each other, for whole and for streamed answers", async () => {
    const { front, back } = await startPair();
    await back.worker("desk");
    await untilServed(front);
    const whole = await front.post("/v1/chat/completions", chat("a b c", { max_tokens: 7 }));
    expect(whole.status).toBe(200);
    expect(whole.headers.get("x-muster-worker")).toBe("desk");
    const { choices } = (await whole.json()) as { choices: { message: { content: string } }[] };
    const streamed = await readStream(
      await front.post("/v1/chat/completions", chat("a b c", { max_tokens: 7, stream: true })),
    );
    expect(streamed.text).toBe(choices[0]?.message.content);
    expect(streamed.isDone).toBe(true);
  });

  it("part within a second when the client leaves", async () => {
    const { front, back } = await startPair();
    await back.worker("desk", { stubTokensPerSecond: 10 });
    await untilServed(front);
    const leave = new AbortController();
    const body = chat("long", { stream: true, max_tokens: 1_000 });
    const response = await front.post("/v1/chat/completions", body, { signal: leave.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    expect(back.orchestrator.load().runningAttempts).toBe(1);
    leave.abort();
    await reader?.read().catch(() => {});
    await eventually(() => back.orchestrator.load().runningAttempts === 0, 1_000);
  });

  it("part with an error event when the worker is killed", async () => {
    const { front, back } = await startPair();
    const worker = await back.workerProcess("victim", { env: { MUSTER_STUB_RATE: "20" } });
    await untilServed(front);
    const response = await front.post(
      "/v1/chat/completions",
      chat("tell me", { stream: true, max_tokens: 200 }),
    );
    let killed: Promise<void> | undefined;
    const answer = await readStream(response, () => {
      killed ??= endProcess(worker);
    });
    await killed;
    expect(answer.error?.code).toBe("worker_lost");
  });

  it("share the slots: many clients of both never run more than there are", async () => {
    const { front, back } = await startPair();
    await back.worker("desk", { slots: 2, stubTokensPerSecond: 200 });
    await untilServed(front);
    let most = 0;
    let isWatching = true;
    const watch = (async () => {
      while (isWatching) {
        most = Math.max(most, back.orchestrator.load().runningAttempts);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const responses = await Promise.all(
      Array.from({ length: 40 }, (_none, i) =>
        (i % 2 === 0 ? front : back).post("/v1/chat/completions", chat(`number ${i}`, { max_tokens: 4 })),
      ),
    );
    const statuses = await Promise.all(
      responses.map(async (response) => [response.status, await response.text()]),
    );
    isWatching = false;
    await watch;
    expect(statuses.every(([status]) => status === 200)).toBe(true);
    expect(most).toBeLessThanOrEqual(2);
  });

  it("finish what runs when the second leaves; then its models are gone, and requests say so", async () => {
    const { front, back } = await startPair();
    await back.worker("desk", { slots: 1, stubTokensPerSecond: 40 });
    await untilServed(front);
    const response = await front.post(
      "/v1/chat/completions",
      chat("running", { stream: true, max_tokens: 20 }),
    );
    const reading = readStream(response);
    await eventually(() => back.orchestrator.load().runningAttempts === 1);
    await back.orchestrator.stop();
    const answer = await reading;
    expect(answer.error).toBeUndefined();
    expect(answer.isDone).toBe(true);
    await eventually(async () =>
      [404, 503].includes((await front.post("/v1/chat/completions", chat("x"))).status),
    );
  });
});
