import { type Clock, ManualClock, silentLog, systemClock } from "@muster/base";
import { commitLedgerContract, createRedisCommitLedger, ledgerFixture } from "@muster/orchestrator/testing";
import { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../harness/cluster.ts";
import { startTestRedis, testRedis } from "../support/redis.ts";

const { batchId, claimed, commitOf, nothing, sumOf } = ledgerFixture;

type Ledger = ReturnType<typeof createRedisCommitLedger>;

let prefixes = 0;
const freshPrefix = () => `ledger-${process.pid}-${++prefixes}`;

commitLedgerContract("Redis", async () => {
  const { url } = await testRedis();
  const prefix = freshPrefix();
  const client = () => createRedisCommitLedger({ address: url, prefix, log: silentLog });
  const lose = async () => {
    const redis = new Redis(url);
    const keys = await redis.keys(`${prefix}:*`);
    expect(keys.length).toBeGreaterThan(0);
    await redis.del(...keys);
    redis.disconnect();
  };
  return { ledger: client(), another: client(), lose };
});

/** A Redis of its own with one batch, and a client of either. */
async function startOwn(options: { readonly lines?: number; readonly clock?: Clock } = {}) {
  const { lines = 100, clock = systemClock } = options;
  const server = await startTestRedis();
  onTestFinished(() => server.stop());
  const redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  redis.on("error", () => {});
  const prefix = freshPrefix();
  const ledger = createRedisCommitLedger({ address: server.url, prefix, log: silentLog, clock });
  onTestFinished(async () => {
    redis.disconnect();
    await ledger.dispose();
  });
  await ledger.open(batchId, opening(1, lines));
  return { server, redis, prefix, ledger };
}

const opening = (gen: number, lines = 100) => ({ gen, lines, done: new Uint8Array(), totals: nothing });

const answers = (ledger: Ledger) =>
  eventually(() =>
    ledger.memoryUse().then(
      () => true,
      () => false,
    ),
  );

async function expectStale(ledger: Ledger, token: { readonly gen: number; readonly epoch: number }) {
  expect(await ledger.state(batchId)).toBeUndefined();
  expect(await ledger.claim(batchId, 0, 1)).toEqual({ kind: "stale" });
  expect(await ledger.commit(batchId, commitOf(1, token))).toBe("stale");
}

describe("the ledger on a Redis that is started again", () => {
  it("does not trust what is left, and takes no older generation", async () => {
    const { server, redis, prefix, ledger } = await startOwn({ clock: new ManualClock() });
    const { token } = await claimed(ledger, 1);
    await ledger.open("batch_2", opening(2));
    await ledger.close("batch_2");
    await server.restart();
    await answers(ledger);
    expect(await redis.exists(`${prefix}:ledger:{${batchId}}`)).toBe(1);
    await expectStale(ledger, token);
    expect(await ledger.open("batch_2", opening(1))).toBe(false);
    expect(await ledger.open("batch_2", opening(2))).toBe(true);
    expect(await ledger.open("batch_2", opening(2))).toBe(false);
    expect(await ledger.open("batch_2", opening(3))).toBe(true);
    expect(await ledger.state("batch_2")).toMatchObject({ gen: 3, status: "closed" });
    expect(await ledger.open(batchId, opening(2))).toBe(true);
    expect((await claimed(ledger, 1, 2)).token).toEqual({ gen: 2, epoch: 1 });
  });

  it("takes nothing after a restart that comes in the midst of commits", async () => {
    const lines = 50_000;
    const { server, ledger } = await startOwn({ lines, clock: new ManualClock() });
    const answersAfter = new Set<string>();
    let [taken, failures, next] = [0, 0, 0];
    let restart: Promise<void> | undefined;
    /** Asks until there is an answer, as everybody does who has a result in hand. */
    const insist = async <T>(ask: () => Promise<T>, told: (answer: T) => string): Promise<T> => {
      for (;;) {
        const wasAway = failures > 0;
        try {
          const answer = await ask();
          if (wasAway) answersAfter.add(told(answer));
          return answer;
        } catch {
          failures += 1;
          await answers(ledger);
        }
      }
    };
    const runLines = async () => {
      while (answersAfter.size === 0 && next < lines) {
        const line = next++;
        const claim = await insist(
          () => ledger.claim(batchId, line, 1),
          ({ kind }) => kind,
        );
        if (claim.kind !== "claimed") continue;
        await insist(
          () => ledger.commit(batchId, commitOf(line, claim.token)),
          (verdict) => verdict,
        );
        taken += 1;
        if (taken === 500) restart = server.restart();
      }
    };
    await Promise.all(Array.from({ length: 16 }, runLines));
    await restart;
    expect(taken).toBeGreaterThanOrEqual(500);
    expect(answersAfter).toEqual(new Set(["stale"]));
  });

  it("says that the store is away, and works when it is back", async () => {
    const { server, ledger } = await startOwn();
    await server.kill("SIGKILL");
    for (const ask of [
      () => ledger.state(batchId),
      () => ledger.claim(batchId, 0, 1),
      () => ledger.commit(batchId, commitOf(0, { gen: 1, epoch: 1 })),
      () => ledger.unfolded(batchId),
      () => ledger.lease("keep", "a", 1_000),
      () => ledger.memoryUse(),
    ])
      await expect(ask()).rejects.toMatchObject({
        code: "store_unavailable",
        message: expect.stringContaining("REDIS_URL"),
      });
    await server.restart();
    await answers(ledger);
    expect(await ledger.open(batchId, opening(2))).toBe(true);
    expect((await claimed(ledger, 0, 2)).token.epoch).toBe(1);
  });
});

describe("the ledger on a Redis that loses its memory while it runs", () => {
  it("knows nothing any more after FLUSHALL, scripts included", async () => {
    const { redis, ledger } = await startOwn();
    const { token } = await claimed(ledger, 1);
    await redis.flushall();
    await redis.script("FLUSH");
    await expectStale(ledger, token);
    expect(await ledger.open(batchId, opening(2))).toBe(true);
    expect((await claimed(ledger, 1, 2)).token.epoch).toBe(1);
  });

  it("notices within a second that the server has been a replica meanwhile, though the connection stayed", async () => {
    const clock = new ManualClock();
    const { redis, ledger } = await startOwn({ clock });
    const { token } = await claimed(ledger, 1);
    await redis.replicaof("127.0.0.1", "1");
    await redis.replicaof("NO", "ONE");
    expect(await ledger.state(batchId)).toBeDefined();
    clock.advance(1_000);
    await expectStale(ledger, token);
  });
});

describe("the memory of a ledger", () => {
  it("is about one bit for each line that is done", async () => {
    const lines = 100_000;
    const { redis, prefix, ledger } = await startOwn({ lines });
    await ledger.crashed(batchId, 7, "worker");
    const chunk = 5_000;
    for (let from = 0; from < lines; from += chunk) {
      const at = Array.from({ length: chunk }, (_none, index) => from + index);
      const verdicts = await Promise.all(
        at.map(async (line) => ledger.commit(batchId, commitOf(line, (await claimed(ledger, line)).token))),
      );
      expect(new Set(verdicts)).toEqual(new Set(["ok"]));
      await ledger.fold(batchId, at);
    }
    expect(await ledger.state(batchId)).toMatchObject({ totals: { completed: lines } });
    const keys = await redis.keys(`${prefix}:*`);
    const state = `${prefix}:ledger:{${batchId}}`;
    expect(keys.sort()).toEqual([state, `${state}:done`]);
    const sizes = await Promise.all(keys.map((key) => redis.call("MEMORY", "USAGE", key, "SAMPLES", "0")));
    const bytes = sizes.reduce<number>((sum, size) => sum + Number(size), 0);
    expect(bytes).toBeGreaterThan(lines / 8);
    expect(bytes).toBeLessThan(lines / 8 + 12_500);
  });

  it("is told as a share of the limit; a full store refuses a commit whole", async () => {
    const clock = new ManualClock();
    const { redis, ledger } = await startOwn({ clock });
    const { token } = await claimed(ledger, 1);
    expect(await ledger.memoryUse()).toBe(0);
    const used = Number(/^used_memory:(\d+)/m.exec(await redis.info("memory"))?.[1]);
    await redis.config("SET", "maxmemory", String(used * 2));
    clock.advance(1_000);
    const share = await ledger.memoryUse();
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.7);
    await redis.config("SET", "maxmemory", "1");
    const commit = commitOf(1, token);
    await expect(ledger.commit(batchId, commit)).rejects.toMatchObject({ code: "store_unavailable" });
    await redis.config("SET", "maxmemory", "0");
    expect(await ledger.state(batchId)).toMatchObject({ totals: nothing });
    expect(await ledger.done(batchId)).toEqual(new Uint8Array(13));
    expect(await ledger.commit(batchId, commit)).toBe("ok");
    expect((await ledger.state(batchId))?.totals).toEqual(sumOf([commit]));
  });
});
