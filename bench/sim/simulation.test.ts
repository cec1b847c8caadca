import { describe, expect, it } from "vitest";
import { seeded } from "../scheduler/office.ts";
import { clairvoyantBound } from "./bound.ts";
import { simPolicies } from "./policies.ts";
import { SimReplica } from "./replica.ts";
import { Simulation } from "./simulation.ts";
import { makeWorld, type SimWorld } from "./world.ts";

const small = { seed: 5, desks: 20, hours: 11, interactivePerSecond: 0.1, linesPerDesk: 150 };

function weighed(world: SimWorld, tokens: readonly number[]): number {
  return tokens.reduce((sum, count, model) => sum + count * (world.weights[model] ?? 0), 0);
}

describe("the simulated office", () => {
  it("is the same day again for the same seed", () => {
    const once = makeWorld(small);
    expect(makeWorld(small)).toEqual(once);
    expect(makeWorld({ ...small, seed: 6 })).not.toEqual(once);
  });

  it("writes no more than the clairvoyant could, on no more slots than there are, and nobody starves", () => {
    const world = makeWorld(small);
    const bound = clairvoyantBound(world);
    for (const policy of simPolicies(seeded(1))) {
      const result = new Simulation(world, policy, 2).run();
      const share = weighed(world, result.tokens) / bound;
      expect(share).toBeGreaterThan(0.2);
      expect(share).toBeLessThanOrEqual(1);
      expect(result.mostRunningOverSlots).toBeLessThanOrEqual(0);
      expect(result.loads).toBeGreaterThan(0);
      if (policy.name === "muster") {
        expect(result.peopleLeftWaiting).toBeLessThan(5);
        expect(result.tokens.every((tokens) => tokens > 0)).toBe(true);
        expect(result.moves / result.lentHours).toBeLessThanOrEqual(2);
      }
    }
    // Hours of an office, on a machine that may be busy.
  }, 60_000);

  it("gives the same figures for the same seed", () => {
    const world = makeWorld({ ...small, hours: 1 });
    const run = () => {
      const [policy] = simPolicies(seeded(1));
      if (policy === undefined) throw new Error("There is no policy.");
      return new Simulation(world, policy, 2).run();
    };
    expect(run().tokens).toEqual(run().tokens);
  });
});

describe("a simulated replica", () => {
  it("shares its speed among what it runs", () => {
    const replica = new SimReplica({ id: "r", desk: 0, model: 0, slots: 2, tokensPerSecond: 10 });
    const request = { model: 0, isInteractive: false, arrivedAtMs: 0, work: 100 };
    replica.start(request, 0);
    expect(replica.next(0)?.atMs).toBe(10_000);
    replica.start(request, 5_000);
    // 50 are left of the first, at 8 tokens a second each.
    expect(replica.next(5_000)?.atMs).toBe(5_000 + 50_000 / 8);
    const first = replica.next(5_000)?.attempt;
    if (first === undefined) throw new Error("Nothing runs.");
    replica.end(first, 11_250);
    expect(replica.next(11_250)?.atMs).toBe(16_250);
    expect(replica.hasFreeSlot).toBe(true);
  });
});
