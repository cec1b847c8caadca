import { Background, ManualClock, MusterError, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { createMemoryQuota } from "../../adapters/memory/quota.ts";
import type { Limits } from "../../core/access/principal.ts";
import type { Quota, QuotaLimit } from "../../ports/quota.ts";
import { QuotaDesk } from "./quota-desk.ts";

const none = { promptTokens: 1, answerTokens: 0 };

function start(change: (quota: Quota) => Partial<Quota> = () => ({}), monthUsed = 0) {
  const clock = new ManualClock();
  const counted = createMemoryQuota({ clock });
  const calls: string[] = [];
  const quota: Quota = new Proxy(
    { ...counted, ...change(counted) },
    {
      get(target, name: keyof Quota) {
        calls.push(name);
        return target[name];
      },
    },
  );
  const refused: QuotaLimit[] = [];
  const background = new Background(silentLog);
  const desk = new QuotaDesk({
    ...{ quota, clock, log: silentLog, background },
    monthUsed: async () => {
      calls.push("monthUsed");
      return monthUsed;
    },
    metrics: { quotaRefused: (limit) => refused.push(limit) },
  });
  let asked = 0;
  const admit = (limits: Limits, reserve: Parameters<QuotaDesk["admit"]>[1]["reserve"] = none) =>
    desk.admit({ keyId: "k", keyName: "ci", limits }, { leaseId: `req-${++asked}`, reserve, answers: 1 });
  /** Whether it is refused, also when it is looked at again. */
  const isRefused = async (limits: Limits) => {
    const entry = admit(limits);
    // The first look has no timer of its own.
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10);
    return (await entry).kind === "refused";
  };
  const held = async (limits: Limits) => {
    const entry = await admit(limits);
    if (entry.kind !== "held") throw new Error(`not held: ${entry.kind}`);
    return entry;
  };
  return { desk, clock, calls, refused, admit, isRefused, held, background };
}

function storeAway(): MusterError {
  return new MusterError("store_unavailable", "away");
}

describe("the quota desk", () => {
  it("asks nobody for a key without limits, or with those of batches and files alone", async () => {
    const { admit, calls } = start();
    expect((await admit({})).kind).toBe("free");
    expect((await admit({ batchLines: 1, storedBytes: 1 })).kind).toBe("free");
    expect(calls).toEqual([]);
  });

  it("says which limit it was, how large it is and when to come back, and counts it", async () => {
    const { admit, refused } = start();
    await admit({ requestsPerMinute: 1 });
    const entry = await admit({ requestsPerMinute: 1 });
    if (entry.kind !== "refused") throw new Error("it was let in");
    expect(entry.error).toMatchObject({ code: "rate_limited", retryAfterMs: 60_000 });
    expect(entry.error.message).toBe('The key "ci" may send 1 requests a minute. Come back in 60 s.');
    expect(entry.view.requests).toEqual({ limit: 1, remaining: 0, resetMs: 60_000 });
    const never = await admit({ tokensPerMinute: 10 }, { promptTokens: 4, answerTokens: 7 });
    if (never.kind !== "refused") throw new Error("it was let in");
    expect(never.error.code).toBe("request_too_large");
    expect(refused).toEqual(["requests_per_minute", "tokens_per_minute"]);
  });

  it("reads once what a key has taken in a month, however many wait for it", async () => {
    const { admit, calls } = start(undefined, 90);
    const kinds = await Promise.all(
      Array.from({ length: 30 }, async () => (await admit({ tokensPerMonth: 100 })).kind),
    );
    expect(kinds.filter((kind) => kind === "held")).toHaveLength(10);
    expect(calls.filter((call) => call === "monthUsed")).toHaveLength(1);
  });

  it("guesses the length of an answer, but never for more than the limit", async () => {
    const { admit } = start();
    const open = { promptTokens: 10, answerTokens: undefined };
    const first = await admit({ tokensPerMinute: 1_000 }, open);
    expect(first.kind === "held" ? first.view.tokens?.remaining : undefined).toBe(1_000 - 10 - 512);
    const second = await start().admit({ tokensPerMinute: 100 }, open);
    expect(second.kind === "held" ? second.view.tokens?.remaining : undefined).toBe(0);
  });

  it("fills an unknown month from what was recorded", async () => {
    const { admit, refused } = start(undefined, 99);
    expect((await admit({ tokensPerMonth: 100 })).kind).toBe("held");
    const entry = await admit({ tokensPerMonth: 100 });
    if (entry.kind !== "refused") throw new Error("it was let in");
    expect(entry.error.code).toBe("quota_exceeded");
    expect(entry.error.message).toContain("100 are used or under way");
    expect(entry.error.message).toContain("The next month begins on 1970-02-01 (UTC)");
    expect(refused).toEqual(["tokens_per_month"]);
  });

  it("keeps what runs for hours, and lets go of what has ended", async () => {
    const { held, admit, isRefused, clock, background } = start();
    const long = await held({ concurrency: 1 });
    for (let minute = 0; minute < 10; minute++) {
      clock.advance(59_000);
      await background.idle(1_000);
      expect(await isRefused({ concurrency: 1 })).toBe(true);
    }
    await long.settle(5);
    await long.settle(5);
    expect((await admit({ concurrency: 1 })).kind).toBe("held");
  });

  it("looks again before it refuses a place: one may just be coming back", async () => {
    const { held, admit, clock } = start();
    const first = await held({ concurrency: 1 });
    const second = admit({ concurrency: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    await first.settle(1);
    clock.advance(10);
    expect((await second).kind).toBe("held");
  });

  it("tries again to settle what a store that was away has not heard", async () => {
    let isAway = true;
    const { held, admit, isRefused, clock, background } = start((quota) => ({
      settle: async (...ask) => {
        if (isAway) throw storeAway();
        return quota.settle(...ask);
      },
    }));
    const first = await held({ concurrency: 1 });
    await first.settle(1);
    expect(await isRefused({ concurrency: 1 })).toBe(true);
    clock.advance(2_000);
    await background.idle(1_000);
    isAway = false;
    clock.advance(2_000);
    await background.idle(1_000);
    expect((await admit({ concurrency: 1 })).kind).toBe("held");
  });

  it("lets nobody with limits in while the store is away", async () => {
    const { admit } = start(() => ({
      admit: async () => {
        throw storeAway();
      },
    }));
    await expect(admit({ requestsPerMinute: 100 })).rejects.toMatchObject({ code: "store_unavailable" });
    expect((await admit({})).kind).toBe("free");
  });
});
