import { describe, expect, it } from "vitest";
import { idealMs, runBatch, type SimulatedReplica, startFleet } from "./routing.fixture.ts";

/** Measured by a few lines beforehand, as replicas are that have been at work for a while. */
async function measured(replicas: readonly SimulatedReplica[]) {
  const world = startFleet(replicas);
  await runBatch(world, replicas, 6 * replicas.length);
  return world;
}

describe("a batch on replicas of unequal speed", () => {
  it("is shared out in proportion to their speed, within a tenth", async () => {
    const replicas = [
      { id: "one", tokensPerSecond: 10 },
      { id: "two", tokensPerSecond: 20 },
      { id: "four", tokensPerSecond: 40 },
    ];
    const { ran } = await runBatch(await measured(replicas), replicas, 210);
    for (const { id, tokensPerSecond } of replicas) {
      const share = (210 * tokensPerSecond) / 70;
      expect(Math.abs((ran.get(id) ?? 0) - share)).toBeLessThanOrEqual(0.1 * share);
    }
  });

  it("is done within a tenth of the ideal split on two, one of them twice as fast", async () => {
    const replicas = [
      { id: "a-slow", tokensPerSecond: 20 },
      { id: "b-fast", tokensPerSecond: 40 },
    ];
    const { tookMs } = await runBatch(await measured(replicas), replicas, 30);
    expect(tookMs).toBeLessThan(1.1 * idealMs(replicas, 30));
  });

  it("does not leave its last lines to a machine that would take longer than all that is left", async () => {
    const replicas = [
      { id: "a-slow", tokensPerSecond: 2 },
      { id: "b-fast", tokensPerSecond: 40 },
      { id: "c-fast", tokensPerSecond: 40 },
    ];
    const world = await measured(replicas);
    const { tookMs, ran } = await runBatch(world, replicas, 16);
    // One line takes the slow machine 25 s, the fast two have all sixteen done in 10.
    expect(ran.get("a-slow")).toBe(0);
    expect(tookMs).toBeLessThan(1.1 * idealMs(replicas.slice(1), 16));
  });

  it("uses a slow machine all the same where there is enough to do", async () => {
    const replicas = [
      { id: "a-slow", tokensPerSecond: 4 },
      { id: "b-fast", tokensPerSecond: 40 },
    ];
    const { tookMs, ran } = await runBatch(await measured(replicas), replicas, 110);
    expect(ran.get("a-slow")).toBeGreaterThanOrEqual(8);
    expect(tookMs).toBeLessThan(1.1 * idealMs(replicas, 110));
  });

  it("goes on where a fast machine stops answering while others wait for it", async () => {
    const replicas = [
      { id: "a-slow", tokensPerSecond: 5 },
      { id: "b-fast", tokensPerSecond: 40 },
    ];
    const { clock, fleet } = await measured(replicas);
    const wish = {
      laneClass: "batch" as const,
      ...{ avoid: new Set<string>(), needs: new Set<never>(), signal: new AbortController().signal },
      ...{ promptTokens: 10, maxTokens: 50 },
    };
    const stuck = await fleet.acquire("m", wish);
    expect(stuck.workerId).toBe("b-fast");
    const waits = fleet.acquire("m", wish);
    await new Promise((resolve) => setImmediate(resolve));
    expect(fleet.waitingByChoice("m")).toBe(1);
    clock.advance(10_000);
    expect((await waits).workerId).toBe("a-slow");
    expect(fleet.waitingByChoice("m")).toBe(0);
  });
});
