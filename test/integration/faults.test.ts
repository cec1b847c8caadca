import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { chat, endProcess, eventually, readStream, startCluster } from "../harness/cluster.ts";
import { startTestRedis } from "../support/redis.ts";

/** A stub worker that takes about `seconds` for `tokens`. */
const slow = { MUSTER_STUB_RATE: "20" };

async function answered(response: Promise<Response>): Promise<number> {
  const answer = await response;
  await answer.text();
  return answer.status;
}

describe("a worker that is killed", () => {
  it("while it streams: the client gets a typed error event, and the slot is gone with it", async () => {
    const cluster = await startCluster();
    const worker = await cluster.workerProcess("victim", { env: slow });
    const response = await cluster.post(
      "/v1/chat/completions",
      chat("tell me", { stream: true, max_tokens: 200 }),
    );
    let killed: Promise<void> | undefined;
    const answer = await readStream(response, () => {
      killed ??= endProcess(worker);
    });
    await killed;
    expect(answer.status).toBe(200);
    expect(answer.text).not.toBe("");
    expect(answer.error?.code).toBe("worker_lost");
    expect(answer.isDone).toBe(false);
    expect(cluster.orchestrator.load()).toEqual({ openRequests: 0, runningAttempts: 0 });
    await cluster.worker("replacement");
    expect(await answered(cluster.post("/v1/chat/completions", chat("again")))).toBe(200);
  });

  it("before the first token: another worker answers, and the client notices nothing", async () => {
    const cluster = await startCluster();
    const worker = await cluster.workerProcess("victim", { env: { MUSTER_STUB_FIRST_TOKEN_MS: "600000" } });
    const response = cluster.post("/v1/chat/completions", chat("one two", { stream: true, max_tokens: 5 }));
    await eventually(() => cluster.orchestrator.load().runningAttempts === 1);
    await cluster.worker("rescuer");
    await endProcess(worker);
    const answer = await readStream(await response);
    expect(answer.error).toBeUndefined();
    expect(answer.isDone).toBe(true);
    const chunks = answer.events as { system_fingerprint: string; choices: { delta: { role?: string } }[] }[];
    expect(chunks.at(-1)?.system_fingerprint).toBe("muster-rescuer-stub-model");
    expect(chunks.filter((chunk) => chunk.choices[0]?.delta.role !== undefined)).toHaveLength(1);
    expect(answer.text.split(" ").filter(Boolean)).toHaveLength(5);
  });

  it("in the middle of an answer that nobody has seen yet: it is begun anew elsewhere", async () => {
    const cluster = await startCluster();
    const worker = await cluster.workerProcess("victim", { env: slow });
    const response = cluster.post("/v1/chat/completions", chat("begin anew", { max_tokens: 40 }));
    await eventually(() => cluster.orchestrator.load().runningAttempts === 1);
    await cluster.worker("rescuer");
    await endProcess(worker);
    const answer = await response;
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-muster-worker")).toBe("rescuer");
    expect(answer.headers.get("x-muster-attempts")).toBe("2");
    await answer.text();
  });

  it("by SIGSTOP: it counts as lost after three missed beats, and comes back as itself", async () => {
    const cluster = await startCluster();
    const worker = await cluster.workerProcess("frozen");
    worker.kill("SIGSTOP");
    await eventually(async () => (await cluster.workers())[0]?.state === "lost", 8_000);
    worker.kill("SIGCONT");
    await eventually(async () => (await cluster.workers())[0]?.state === "ready");
    expect(await answered(cluster.post("/v1/chat/completions", chat("back")))).toBe(200);
  });
});

describe("an engine that crashes", () => {
  it("is started again, and the request that killed two is answered with an error", async () => {
    const cluster = await startCluster();
    await cluster.worker("a");
    await cluster.worker("b");
    const response = await cluster.post("/v1/chat/completions", chat("please !crash now"));
    expect(response.status).toBe(500);
    expect(((await response.json()) as { error: { code: string } }).error.code).toBe("engine_crashed");
    expect(response.headers.get("x-should-retry")).toBe("false");
    await eventually(async () => (await cluster.workers()).every((worker) => worker.state === "ready"));
    expect(await answered(cluster.post("/v1/chat/completions", chat("fine again")))).toBe(200);
  });
});

describe("a client that leaves", () => {
  it("frees its slot within a second", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", { stubTokensPerSecond: 10 });
    const leave = new AbortController();
    const response = await cluster.post(
      "/v1/chat/completions",
      chat("long", { stream: true, max_tokens: 1_000 }),
      { signal: leave.signal },
    );
    const reader = response.body?.getReader();
    await reader?.read();
    expect(cluster.orchestrator.load().runningAttempts).toBe(1);
    leave.abort();
    await reader?.read().catch(() => {});
    await eventually(async () => (await cluster.workers())[0]?.replicas[0]?.slots_used === 0, 1_000);
    expect(cluster.orchestrator.load()).toEqual({ openRequests: 0, runningAttempts: 0 });
  });

  it("while its request waits is never run", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", { slots: 1, stubTokensPerSecond: 20 });
    const first = cluster.post("/v1/chat/completions", chat("first", { max_tokens: 20 }));
    await eventually(() => cluster.orchestrator.load().runningAttempts === 1);
    const leave = new AbortController();
    const second = cluster.post("/v1/chat/completions", chat("second"), { signal: leave.signal });
    await eventually(() => cluster.orchestrator.load().openRequests === 2);
    leave.abort();
    await expect(second).rejects.toThrow();
    expect(await answered(first)).toBe(200);
    await eventually(() => cluster.orchestrator.load().openRequests === 0);
    const metrics = await (await fetch(`${cluster.url}/metrics`)).text();
    expect(metrics).toMatch(/muster_dispatch_total\{[^}]*result="finished"\} 1\n/);
    expect(metrics).not.toContain('result="cancelled"');
  });
});

describe("a client that does not read", () => {
  it("and asks for several choices takes nothing down when one of them fails", async () => {
    const cluster = await startCluster();
    const worker = await cluster.workerProcess("victim", { env: { MUSTER_STUB_RATE: "20000" } });
    const { port } = new URL(cluster.url);
    const body = JSON.stringify(chat("word ".repeat(2_000), { stream: true, n: 4, max_tokens: 100_000 }));
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually(() => cluster.orchestrator.load().runningAttempts === 4);
    // A choice that has not begun would be given to another worker; one that has begun fails.
    const hasBegun = /muster_time_to_first_token_seconds_count\{[^}]*\} [1-4]\n/;
    await eventually(async () => hasBegun.test(await (await fetch(`${cluster.url}/metrics`)).text()));
    await endProcess(worker);
    socket.resume();
    await eventually(() => cluster.orchestrator.load().openRequests === 0);
    socket.destroy();
    await cluster.worker("next");
    expect(await answered(cluster.post("/v1/chat/completions", chat("still here")))).toBe(200);
  });
});

describe("no free slot", () => {
  it("within the queue's deadline is a 429 that says when to come back", async () => {
    const cluster = await startCluster({ queueTimeoutMs: 300 });
    await cluster.worker("desk", { slots: 1, stubTokensPerSecond: 10 });
    const first = cluster.post("/v1/chat/completions", chat("first", { max_tokens: 12 }));
    await eventually(() => cluster.orchestrator.load().runningAttempts === 1);
    for (const stream of [false, true]) {
      const response = await cluster.post("/v1/chat/completions", chat("second", { stream }));
      expect(response.status).toBe(429);
      expect(response.headers.get("retry-after")).toBe("5");
      expect(((await response.json()) as { error: { code: string } }).error.code).toBe("queue_timeout");
    }
    expect(await answered(first)).toBe(200);
  });
});

describe("200 requests at once on two workers with four slots each", () => {
  it("are all answered, and never more run than there are slots", async () => {
    const cluster = await startCluster();
    await cluster.worker("a", { slots: 4, stubTokensPerSecond: 400 });
    await cluster.worker("b", { slots: 4, stubTokensPerSecond: 400 });
    let most = 0;
    let isWatching = true;
    const watch = (async () => {
      while (isWatching) {
        most = Math.max(most, cluster.orchestrator.load().runningAttempts);
        for (const worker of await cluster.workers()) {
          for (const replica of worker.replicas)
            expect(replica.slots_used).toBeLessThanOrEqual(replica.slots);
        }
      }
    })();
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_none, i) =>
        cluster.post("/v1/chat/completions", chat(`number ${i}`, { max_tokens: 8, stream: i % 3 === 0 })),
      ),
    );
    await Promise.all(responses.map((response) => response.text()));
    isWatching = false;
    await watch;
    expect(responses.every((response) => response.status === 200)).toBe(true);
    expect(most).toBeGreaterThan(4);
    expect(most).toBeLessThanOrEqual(8);
    const workers = new Set(responses.map((response) => response.headers.get("x-muster-worker")));
    expect(workers.has("a") && workers.has("b")).toBe(true);
  });
});

describe("Redis", () => {
  it("that is restarted while nothing runs changes nothing for later requests", async () => {
    const redis = await startTestRedis();
    const cluster = await startCluster({ redisUrl: redis.url });
    await cluster.worker("desk");
    expect(await answered(cluster.post("/v1/chat/completions", chat("before")))).toBe(200);
    await redis.restart();
    await eventually(async () => (await fetch(`${cluster.url}/readyz`)).status === 200);
    expect(await answered(cluster.post("/v1/chat/completions", chat("after")))).toBe(200);
    await cluster.orchestrator.stop();
    await redis.stop();
  });

  it("that is killed and comes back under load: every accepted request ends in an answer or an error", async () => {
    const redis = await startTestRedis();
    const cluster = await startCluster({ redisUrl: redis.url, queueTimeoutMs: 15_000 });
    await cluster.worker("desk", { slots: 2, stubTokensPerSecond: 60 });
    const responses = Array.from({ length: 40 }, (_none, i) =>
      cluster.post("/v1/chat/completions", chat(`request ${i}`, { max_tokens: 10 })),
    );
    await eventually(() => cluster.orchestrator.load().openRequests === 40);
    await redis.kill("SIGKILL");
    const refused = await cluster.post("/v1/chat/completions", chat("while it is away"));
    expect(refused.status).toBe(503);
    expect(refused.headers.get("x-should-retry")).toBe("true");
    await refused.text();
    expect((await fetch(`${cluster.url}/readyz`)).status).toBe(503);
    await redis.restart();
    const statuses = await Promise.all(responses.map(answered));
    expect(statuses.filter((status) => status === 200)).toHaveLength(40);
    expect(cluster.orchestrator.load()).toEqual({ openRequests: 0, runningAttempts: 0 });
    expect(await answered(cluster.post("/v1/chat/completions", chat("afterwards")))).toBe(200);
    await cluster.orchestrator.stop();
    await redis.stop();
  });

  it("that is away does not keep the orchestrator from stopping", async () => {
    const redis = await startTestRedis();
    const cluster = await startCluster({ redisUrl: redis.url });
    await cluster.worker("desk");
    expect(await answered(cluster.post("/v1/chat/completions", chat("before")))).toBe(200);
    await redis.kill("SIGKILL");
    await eventually(async () => (await fetch(`${cluster.url}/readyz`)).status === 503);
    const first = await cluster.post(
      "/v1/chat/completions",
      chat("first of its lane", { service_tier: "flex" }),
    );
    expect(first.status).toBe(503);
    await first.text();
    await cluster.orchestrator.stop();
    await redis.stop();
  });

  it("never holds a prompt, an answer or a key", async () => {
    const redis = await startTestRedis();
    const key = "canary-key-0123456789";
    const cluster = await startCluster({ redisUrl: redis.url, apiKeys: [key] });
    await cluster
      .post("/v1/chat/completions", chat("canaryprompt waits"), { signal: AbortSignal.timeout(200) })
      .catch(() => {});
    await cluster.worker("desk");
    expect(await answered(cluster.post("/v1/chat/completions", chat("canaryprompt runs")))).toBe(200);
    const dump = await redis.dump();
    expect(dump.length).toBeGreaterThan(0);
    expect(dump).not.toContain("canaryprompt");
    expect(dump).not.toContain(key);
    await cluster.orchestrator.stop();
    await redis.stop();
  });
});

describe("a worker that is told to stop while it answers", () => {
  it("hands what it cannot finish to another, where the client has seen nothing yet", async () => {
    const cluster = await startCluster();
    const leaving = await cluster.workerProcess("leaving", {
      env: { MUSTER_STUB_RATE: "5", MUSTER_DRAIN_SECONDS: "1" },
    });
    const response = cluster.post("/v1/chat/completions", chat("hand over", { max_tokens: 50 }));
    await eventually(() => cluster.orchestrator.load().runningAttempts === 1);
    await cluster.worker("taking");
    leaving.kill("SIGTERM");
    const answer = await response;
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-muster-worker")).toBe("taking");
    await answer.text();
  });
});

describe("an orchestrator that is told to stop", () => {
  it("finishes what runs, turns away what waits, and leaves no job behind", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", { slots: 1, stubTokensPerSecond: 30 });
    const running = cluster.post("/v1/chat/completions", chat("running", { max_tokens: 20, stream: true }));
    await eventually(() => cluster.orchestrator.load().runningAttempts === 1);
    const waiting = cluster.post("/v1/chat/completions", chat("waiting"));
    await eventually(() => cluster.orchestrator.load().openRequests === 2);
    const stopped = cluster.orchestrator.stop();
    const turnedAway = await waiting;
    expect(turnedAway.status).toBe(503);
    expect(turnedAway.headers.get("x-should-retry")).toBe("true");
    await turnedAway.text();
    const answer = await readStream(await running);
    expect(answer.error).toBeUndefined();
    expect(answer.isDone).toBe(true);
    await stopped;
  });
});
