import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Candidate, chooseReplica } from "./choose-replica.ts";

const nobody: ReadonlySet<string> = new Set();

function candidate(change: Partial<Candidate> = {}): Candidate {
  return {
    workerId: "w1",
    replicaId: "r1",
    slots: 4,
    slotsUsed: 0,
    isAccepting: true,
    decodeTokensPerSecond: undefined,
    ...change,
  };
}

describe("chooseReplica", () => {
  it("waits for a replica where none takes work, and for a slot where all are taken", () => {
    expect(chooseReplica([], nobody)).toEqual({ kind: "wait", reason: "no-replica" });
    expect(chooseReplica([candidate({ isAccepting: false })], nobody)).toEqual({
      kind: "wait",
      reason: "no-replica",
    });
    expect(chooseReplica([candidate({ slotsUsed: 4 })], nobody)).toEqual({
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
        nobody,
      );
      if (choice.kind === "assign") used[choice.replica.workerId as "fast" | "slow"] += 1;
    }
    expect(used).toEqual({ fast: 6, slow: 2 });
  });

  it("spreads work over replicas that were never measured", () => {
    const choice = chooseReplica([candidate({ slotsUsed: 1 }), candidate({ workerId: "w2" })], nobody);
    expect(choice).toMatchObject({ kind: "assign", replica: { workerId: "w2" } });
  });

  it("avoids a worker where an attempt failed while another serves the model, even a full one", () => {
    const failed = new Set(["w1"]);
    expect(chooseReplica([candidate(), candidate({ workerId: "w2", slotsUsed: 4 })], failed)).toEqual({
      kind: "wait",
      reason: "no-free-slot",
    });
    expect(chooseReplica([candidate()], failed)).toMatchObject({
      kind: "assign",
      replica: { workerId: "w1" },
    });
  });

  const candidates = fc.array(
    fc.record({
      workerId: fc.constantFrom("w1", "w2", "w3"),
      replicaId: fc.constantFrom("r1", "r2"),
      slots: fc.integer({ min: 0, max: 8 }),
      slotsUsed: fc.integer({ min: 0, max: 9 }),
      isAccepting: fc.boolean(),
      decodeTokensPerSecond: fc.option(fc.double({ min: 0.1, max: 500, noNaN: true }), { nil: undefined }),
    }),
  );

  it("never picks a replica without a free slot or one that takes no work, and answers the same in any order", () => {
    fc.assert(
      fc.property(candidates, (given) => {
        const choice = chooseReplica(given, nobody);
        const free = given.filter((one) => one.isAccepting && one.slotsUsed < one.slots);
        if (choice.kind === "wait") expect(free).toEqual([]);
        else expect(free).toContain(choice.replica);
        const other = chooseReplica([...given].reverse(), nobody);
        const name = (of: typeof choice) =>
          of.kind === "wait" ? of.reason : `${of.replica.workerId} ${of.replica.replicaId}`;
        expect(name(other)).toBe(name(choice));
      }),
    );
  });
});
