import type { Capability } from "@muster/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Candidate, chooseReplica, type Wanted } from "./choose-replica.ts";

const anything: Wanted = { avoid: new Set(), needs: new Set() };
const chat: ReadonlySet<Capability> = new Set(["chat"]);

function candidate(change: Partial<Candidate> = {}): Candidate {
  return {
    workerId: "w1",
    replicaId: "r1",
    slots: 4,
    slotsUsed: 0,
    isAccepting: true,
    capabilities: chat,
    decodeTokensPerSecond: undefined,
    ...change,
  };
}

describe("chooseReplica", () => {
  it("waits for a replica where none takes work, and for a slot where all are taken", () => {
    expect(chooseReplica([], anything)).toEqual({ kind: "wait", reason: "no-replica" });
    expect(chooseReplica([candidate({ isAccepting: false })], anything)).toEqual({
      kind: "wait",
      reason: "no-replica",
    });
    expect(chooseReplica([candidate({ slotsUsed: 4 })], anything)).toEqual({
      kind: "wait",
      reason: "no-free-slot",
    });
  });

  it("gives a worker that is three times as fast three times the work", () => {
    const fast = candidate({ workerId: "fast", slots: 8, decodeTokensPerSecond: 90 });
    const slow = candidate({ workerId: "slow", slots: 8, decodeTokensPerSecond: 30 });
    const used = { fast: 0, slow: 0 };
    for (let i = 0; i < 8; i++) {
      const choice = chooseReplica(
        [
          { ...fast, slotsUsed: used.fast },
          { ...slow, slotsUsed: used.slow },
        ],
        anything,
      );
      if (choice.kind === "assign") used[choice.replica.workerId as "fast" | "slow"] += 1;
    }
    expect(used).toEqual({ fast: 6, slow: 2 });
  });

  it("spreads work over replicas that were never measured", () => {
    const choice = chooseReplica([candidate({ slotsUsed: 1 }), candidate({ workerId: "w2" })], anything);
    expect(choice).toMatchObject({ kind: "assign", replica: { workerId: "w2" } });
  });

  it("avoids a worker where an attempt failed while another serves the model, even a full one", () => {
    const failed: Wanted = { ...anything, avoid: new Set(["w1"]) };
    expect(chooseReplica([candidate(), candidate({ workerId: "w2", slotsUsed: 4 })], failed)).toEqual({
      kind: "wait",
      reason: "no-free-slot",
    });
    expect(chooseReplica([candidate()], failed)).toMatchObject({
      kind: "assign",
      replica: { workerId: "w1" },
    });
  });

  it("asks only replicas that can do what is needed", () => {
    const wanted: Wanted = { ...anything, needs: new Set(["vision"]) };
    expect(chooseReplica([candidate()], wanted)).toEqual({ kind: "wait", reason: "no-replica" });
    const seeing = candidate({ workerId: "w9", slotsUsed: 3, capabilities: new Set(["chat", "vision"]) });
    expect(chooseReplica([candidate(), seeing], wanted)).toMatchObject({ replica: { workerId: "w9" } });
  });

  it("prefers a replica that knows the prompt's beginning, as long as it has a free slot", () => {
    const fast = candidate({ workerId: "fast", decodeTokensPerSecond: 100 });
    const warm = candidate({ workerId: "warm", decodeTokensPerSecond: 10, warmPrefixes: [7, 9] });
    const chosen = (candidates: readonly Candidate[], prefix: number | undefined) => {
      const choice = chooseReplica(candidates, { ...anything, prefix });
      return choice.kind === "assign" ? choice.replica.workerId : choice.reason;
    };
    expect(chosen([fast, warm], 9)).toBe("warm");
    expect(chosen([fast, warm], 8)).toBe("fast");
    expect(chosen([fast, { ...warm, warmPrefixes: [0] }], 0)).toBe("fast");
    expect(chosen([fast, { ...warm, slotsUsed: 4 }], 9)).toBe("fast");
    expect(chosen([fast, { ...warm, isAccepting: false }], 9)).toBe("fast");
  });

  const candidates = fc.array(
    fc.record({
      workerId: fc.constantFrom("w1", "w2", "w3"),
      replicaId: fc.constantFrom("r1", "r2"),
      slots: fc.integer({ min: 0, max: 8 }),
      slotsUsed: fc.integer({ min: 0, max: 9 }),
      isAccepting: fc.boolean(),
      capabilities: fc.subarray<Capability>(["chat", "vision"]).map((names) => new Set(names)),
      decodeTokensPerSecond: fc.option(fc.double({ min: 0.1, max: 500, noNaN: true }), { nil: undefined }),
      warmPrefixes: fc.subarray([1, 2, 3]),
    }),
  );

  it("never picks a replica without a free slot, one that takes no work or lacks what is needed, and answers the same in any order", () => {
    fc.assert(
      fc.property(candidates, fc.boolean(), fc.nat(3), (given, isVisionNeeded, prefix) => {
        const needs = new Set<Capability>(isVisionNeeded ? ["vision"] : []);
        const wanted: Wanted = { ...anything, needs, prefix };
        const choice = chooseReplica(given, wanted);
        const free = given.filter(
          (one) =>
            one.isAccepting &&
            one.slotsUsed < one.slots &&
            (!isVisionNeeded || one.capabilities.has("vision")),
        );
        if (choice.kind === "wait") expect(free).toEqual([]);
        else {
          expect(free).toContain(choice.replica);
          const isWarm = (one: Candidate) => one.warmPrefixes?.includes(prefix) === true;
          if (free.some(isWarm)) expect(isWarm(choice.replica)).toBe(true);
        }
        const other = chooseReplica([...given].reverse(), wanted);
        const name = (of: typeof choice) =>
          of.kind === "wait" ? of.reason : `${of.replica.workerId} ${of.replica.replicaId}`;
        expect(name(other)).toBe(name(choice));
      }),
    );
  });
});
