import { createFairTags } from "@muster/orchestrator/testing";
import { Redis } from "ioredis";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { testRedis } from "../support/redis.ts";

const unit = 2 ** 32;
let url: string;
let keys = 0;

beforeAll(async () => {
  url = (await testRedis()).url;
});

/** A lane as BullMQ keeps it: a sorted set of waiting jobs. */
function lane(rebase: number) {
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  const key = `test-fair-${process.pid}-${++keys}`;
  const tags = createFairTags(redis, rebase);
  let count = 0;
  return {
    async put(tenant: string, costs: readonly number[], weight = 1) {
      const priorities = await tags(key, { tenant, weight }, costs);
      for (const priority of priorities)
        await redis.zadd(key, priority * unit + ++count, `${tenant}-${count}`);
      return priorities;
    },
    async take() {
      const [job] = await redis.zpopmin(key);
      return job?.split("-")[0];
    },
  };
}

describe("the turns of tenants in a lane", () => {
  it("go on in the same order when the base of the priorities moves", async () => {
    const { put, take } = lane(10);
    await put("a", Array(30).fill(1));
    for (let i = 0; i < 20; i++) await take();
    // The base moves here; what waits was put before it did.
    const late = await put("b", Array(10).fill(1));
    expect(Math.max(...late)).toBeLessThan(15);
    const order = [];
    for (let i = 0; i < 20; i++) order.push(await take());
    expect(order.slice(0, 10).filter((tenant) => tenant === "b").length).toBeGreaterThanOrEqual(4);
    expect(order.slice(0, 10).filter((tenant) => tenant === "a").length).toBeGreaterThanOrEqual(4);
    expect(order.filter((tenant) => tenant === "a")).toHaveLength(10);
  });

  it("never get a priority that BullMQ does not take", async () => {
    const { put } = lane(2 ** 20);
    await put("a", [1]);
    const priorities = await put("a", [1e9, 1e9, 1]);
    expect(Math.min(...priorities)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...priorities)).toBeLessThan(2 ** 21);
  });
});
