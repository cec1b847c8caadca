import Anthropic from "@anthropic-ai/sdk";
import { Redis } from "ioredis";
import OpenAI from "openai";
import { describe, expect, it, onTestFinished } from "vitest";
import { chat, eventually, readStream } from "../../harness/cluster.ts";
import { freshPrefix, type LimitedCluster, startLimitedPair } from "../../harness/limited-pair.ts";
import { testRedis } from "../../support/redis.ts";

type Pair = readonly [LimitedCluster, LimitedCluster];

const path = "/v1/chat/completions";

/** Asks both at once, in turn. */
function burst(pair: Pair, count: number, more: Record<string, unknown> = {}): Promise<Response[]> {
  return Promise.all(
    Array.from({ length: count }, (_none, at) => pair[at % 2]?.post(path, chat(`number ${at}`, more))).filter(
      (response) => response !== undefined,
    ),
  );
}

interface ErrorJson {
  readonly error: { readonly code: string; readonly type: string; readonly message: string };
}

async function metricsOf({ url, operatorAuth }: LimitedCluster): Promise<string> {
  return (await fetch(`${url}/metrics`, { headers: operatorAuth })).text();
}

async function errorOf(response: Response | undefined): Promise<ErrorJson> {
  if (response === undefined) throw new Error("nothing was refused");
  return (await response.json()) as ErrorJson;
}

describe("quotas: two orchestrators, a burst from both", () => {
  it("never let in more requests than a minute has, and say when to come back", async () => {
    const pair = await startLimitedPair({ limits: { requests_per_minute: 10 } });
    const responses = await burst(pair, 40, { max_tokens: 4 });
    const [ok, refused] = [200, 429].map((status) => responses.filter((one) => one.status === status));
    expect(ok?.length).toBe(10);
    expect(refused?.length).toBe(30);
    const [first] = refused ?? [];
    expect(Number(first?.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(first?.headers.get("x-should-retry")).toBe("true");
    expect(first?.headers.get("x-ratelimit-limit-requests")).toBe("10");
    expect(first?.headers.get("x-ratelimit-remaining-requests")).toBe("0");
    const { error } = await errorOf(first);
    expect(error).toMatchObject({ code: "rate_limit_exceeded", type: "rate_limit_error" });
    expect(error.message).toMatch(/may send 10 requests a minute\. Come back in \d+ s\./);
    const metrics = await metricsOf(pair[0]);
    expect(metrics).toMatch(/muster_quota_refusals_total\{limit="requests_per_minute"\} [1-9]/);
  });

  it("never reserve more tokens than a minute has, and give back what was not used", async () => {
    const limits = { tokens_per_minute: 1_000 };
    const pair = await startLimitedPair({ limits }, { stubTokensPerSecond: 50 });
    const startedAtMs = performance.now();
    // Each may take 100 and its prompt: nine fit.
    const responses = await burst(pair, 20, { max_tokens: 100 });
    const ok = responses.filter(({ status }) => status === 200);
    expect(ok.length).toBe(9);
    const told = await Promise.all(
      ok.map(async (one) => ((await one.json()) as UsageJson).usage.total_tokens),
    );
    const used = told.reduce((sum, tokens) => sum + tokens, 0);
    // What is left beside what was used has come back, and what time has given.
    const next = await pair[1].post(path, chat("x", { max_tokens: 1 }));
    expect(next.status).toBe(200);
    const left = Number(next.headers.get("x-ratelimit-remaining-tokens"));
    const refilled = ((performance.now() - startedAtMs) * 1_000) / 60_000;
    expect(left).toBeLessThanOrEqual(1_000 - used + refilled);
    expect(left).toBeGreaterThanOrEqual(1_000 - used - 2);
  });

  it("never have more requests under way than the key may, and free a place at each end", async () => {
    const limits = { concurrency: 3 };
    const pair = await startLimitedPair({ limits }, { stubTokensPerSecond: 50, slots: 8 });
    const leave = new AbortController();
    const streams = await Promise.all(
      Array.from({ length: 12 }, (_none, at) =>
        pair[at % 2]?.post(path, chat("long", { stream: true, max_tokens: 500 }), { signal: leave.signal }),
      ),
    );
    const open = streams.filter((one) => one?.status === 200);
    expect(open.length).toBe(3);
    const refused = streams.find((one) => one?.status === 429);
    expect((await errorOf(refused)).error.message).toMatch(/has 3 requests under way/);
    expect(pair[0].orchestrator.load().runningAttempts).toBeLessThanOrEqual(3);
    leave.abort();
    // Clients that have gone free their places.
    await eventually(async () => (await pair[1].post(path, chat("x", { max_tokens: 1 }))).status === 200);
    // So does the end of an answer, before its last byte: one after the other is never refused.
    await eventually(() => pair[0].orchestrator.load().runningAttempts === 0);
    for (let at = 0; at < 10; at++) {
      const answers = await burst(pair, 3, { max_tokens: 2 });
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      await Promise.all(answers.map((answer) => answer.text()));
    }
  });

  it("hold a key to its month, whoever was asked, also after Redis was lost", async () => {
    const redisPrefix = freshPrefix();
    const pair = await startLimitedPair({ redisPrefix, limits: { tokens_per_month: 300 } });
    let used = 0;
    let refused: Response | undefined;
    for (let at = 0; at < 40 && refused === undefined; at++) {
      const answer = await pair[at % 2]?.post(path, chat("a b c", { max_tokens: 20 }));
      if (answer?.status === 200) used += ((await answer.json()) as UsageJson).usage.total_tokens;
      else refused = answer;
    }
    expect(used).toBeGreaterThan(100);
    expect(used).toBeLessThanOrEqual(300);
    expect(refused?.status).toBe(429);
    expect(refused?.headers.get("x-should-retry")).toBe("false");
    const { error } = await errorOf(refused);
    expect(error).toMatchObject({ code: "insufficient_quota", type: "insufficient_quota" });
    expect(error.message).toMatch(
      /may take 300 tokens a month; \d+ are used .* next month begins on 20\d\d-/,
    );

    const counted = async () => {
      const report = await (await fetch(`${pair[0].url}/cluster/v1/usage`, { headers: pair[0].auth })).json();
      return (report as { total: { total_tokens: number } }).total.total_tokens;
    };
    await eventually(async () => (await counted()) === used);
    const redis = new Redis((await testRedis()).url);
    onTestFinished(() => redis.disconnect());
    const keys = await redis.keys(`${redisPrefix}:quota:*`);
    expect(await redis.del(...keys)).toBeGreaterThan(0);
    expect((await pair[0].post(path, chat("a b c", { max_tokens: 20 }))).status).toBe(429);
  });

  it("say what is left before the first byte of a stream, and in Anthropic's words where those are spoken", async () => {
    const limits = { requests_per_minute: 100, tokens_per_minute: 10_000 };
    const pair = await startLimitedPair({ limits });
    const stream = await pair[0].post(path, chat("x", { stream: true, max_tokens: 5 }));
    expect(stream.headers.get("x-ratelimit-remaining-requests")).toBe("99");
    expect(stream.headers.get("x-ratelimit-reset-requests")).toBe("600ms");
    expect(Number(stream.headers.get("x-ratelimit-remaining-tokens"))).toBeGreaterThan(9_900);
    expect(stream.headers.get("x-ratelimit-reset-tokens")).toMatch(/^\d+ms$/);
    expect((await readStream(stream)).isDone).toBe(true);
    const message = await pair[1].post("/v1/messages", chat("x", { max_tokens: 5 }));
    expect(message.status).toBe(200);
    expect(message.headers.get("anthropic-ratelimit-requests-limit")).toBe("100");
    expect(Number(message.headers.get("anthropic-ratelimit-requests-remaining"))).toBeGreaterThanOrEqual(98);
    expect(Date.parse(message.headers.get("anthropic-ratelimit-tokens-reset") ?? "")).toBeGreaterThan(
      Date.now() - 60_000,
    );
  });

  it("refuse what would never fit as too large, not as too early", async () => {
    const [one] = await startLimitedPair({ limits: { tokens_per_minute: 100 } });
    const answer = await one.post(path, chat("x", { max_tokens: 5_000 }));
    expect(answer.status).toBe(413);
    expect((await errorOf(answer)).error.message).toMatch(/has 100 a minute: it would never fit/);
    // Who says nothing of a length is not shut out for it.
    expect((await one.post(path, chat("x"))).status).toBe(200);
  });

  it("let n choices count as one request, and embeddings and token counts as well", async () => {
    const [one] = await startLimitedPair({ limits: { requests_per_minute: 3 } });
    expect((await one.post(path, chat("x", { n: 4, max_tokens: 2 }))).status).toBe(200);
    expect((await one.post("/tokenize", { prompt: "a b c" })).status).toBe(200);
    expect((await one.post("/v1/embeddings", { model: "stub-model", input: "a" })).status).toBe(200);
    expect((await one.post("/tokenize", { prompt: "a b c" })).status).toBe(429);
  });

  it("are understood by OpenAI's client: it comes back when it was told to, and gives up on a month", async () => {
    const [one] = await startLimitedPair({ limits: { requests_per_minute: 30 } });
    const seen: { readonly atMs: number; readonly status: number; readonly waitMs: number }[] = [];
    const client = new OpenAI({
      baseURL: `${one.url}/v1`,
      apiKey: one.key,
      maxRetries: 5,
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        const waitMs = Number(response.headers.get("retry-after-ms"));
        seen.push({ atMs: performance.now(), status: response.status, waitMs });
        return response;
      },
    });
    await Promise.all(Array.from({ length: 30 }, () => one.post(path, chat("x", { max_tokens: 1 }))));
    const answer = await client.chat.completions.create({
      model: "stub-model",
      messages: [{ role: "user", content: "x" }],
      max_tokens: 1,
    });
    expect(answer.choices.length).toBe(1);
    expect(seen.at(0)?.status).toBe(429);
    expect(seen.at(-1)?.status).toBe(200);
    for (const [at, { atMs, waitMs }] of seen.slice(0, -1).entries())
      expect((seen[at + 1]?.atMs ?? 0) - atMs).toBeGreaterThanOrEqual(waitMs - 5);

    const [poor] = await startLimitedPair({ limits: { tokens_per_month: 5 } });
    const eager = new OpenAI({ baseURL: `${poor.url}/v1`, apiKey: poor.key, maxRetries: 5 });
    const refused = eager.chat.completions.create({
      model: "stub-model",
      messages: [{ role: "user", content: "x" }],
      max_tokens: 100,
    });
    await expect(refused).rejects.toMatchObject({ status: 429, code: "insufficient_quota" });
    const metrics = await metricsOf(poor);
    expect(metrics).toMatch(/muster_quota_refusals_total\{limit="tokens_per_month"\} 1\n/);
  });
});

it("a limit is understood by Anthropic's client: it comes back when it was told to", async () => {
  const [one] = await startLimitedPair({ limits: { requests_per_minute: 30 } });
  const seen: { readonly atMs: number; readonly status: number; readonly waitMs: number }[] = [];
  const client = new Anthropic({
    baseURL: one.url,
    apiKey: one.key,
    maxRetries: 5,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      const waitMs = Number(response.headers.get("retry-after-ms"));
      seen.push({ atMs: performance.now(), status: response.status, waitMs });
      return response;
    },
  });
  await Promise.all(Array.from({ length: 30 }, () => one.post(path, chat("x", { max_tokens: 1 }))));
  const message = await client.messages.create({
    model: "stub-model",
    messages: [{ role: "user", content: "x" }],
    max_tokens: 1,
  });
  expect(message.role).toBe("assistant");
  expect(seen.at(0)?.status).toBe(429);
  expect(seen.at(-1)?.status).toBe(200);
  for (const [at, { atMs, waitMs }] of seen.slice(0, -1).entries())
    expect((seen[at + 1]?.atMs ?? 0) - atMs).toBeGreaterThanOrEqual(waitMs - 5);
});

interface UsageJson {
  readonly usage: { readonly total_tokens: number };
}
