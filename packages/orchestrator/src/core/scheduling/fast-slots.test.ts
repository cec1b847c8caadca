import type { Capability } from "@muster/base";
import { describe, expect, it } from "vitest";
import { type CandidateWithEnds, FastSlots } from "./fast-slots.ts";

const wanted = {
  laneClass: "batch" as const,
  avoid: new Set<string>(),
  needs: new Set<Capability>(),
  promptTokens: 0,
  answerTokens: 100,
};

/** Writes an answer in ten seconds, and has one that ends in five. */
function full(change: Partial<CandidateWithEnds> = {}): CandidateWithEnds {
  return {
    workerId: "fast",
    replicaId: "r",
    slots: 1,
    slotsUsed: 1,
    isAccepting: true,
    capabilities: new Set(["chat"]),
    decodeTokensPerSecond: 10,
    prefillTokensPerSecond: 1_000,
    taken: [{ takenAtMs: 0, endsAtMs: 10_000 }],
    ...change,
  };
}

describe("a request that could have a slot on a slow replica", () => {
  it("waits for a fast one where that has it done clearly earlier, and not for ever", () => {
    const patience = new FastSlots([full()], wanted, 5_000).patienceMs(wanted, 40_000);
    expect(patience).toBe(40_000 / 1.25 - 10_000);
    expect(new FastSlots([full()], wanted, 5_000).patienceMs(wanted, 18_000)).toBeUndefined();
    expect(new FastSlots([full()], wanted, 5_000).patienceMs(wanted, 1e9)).toBe(120_000);
  });

  it("leaves the first turn to who waits before it, so that only the last few do not take the slow one", () => {
    const slots = new FastSlots([full()], wanted, 5_000);
    const isPatient = Array.from({ length: 4 }, () => slots.patienceMs(wanted, 45_000) !== undefined);
    expect(isPatient).toEqual([true, true, true, false]);
  });

  it("takes what is free where nobody knows when a fast one is, or nobody knows how fast it is", () => {
    for (const replica of [
      full({ taken: [{ takenAtMs: 0, endsAtMs: undefined }] }),
      full({ decodeTokensPerSecond: undefined, prefillTokensPerSecond: undefined }),
      full({ isAccepting: false }),
      full({ badness: 1 }),
      full({ slotsUsed: 0 }),
    ])
      expect(new FastSlots([replica], wanted, 5_000).patienceMs(wanted, 40_000)).toBeUndefined();
    const failed = { ...wanted, avoid: new Set(["fast"]) };
    expect(new FastSlots([full()], failed, 5_000).patienceMs(failed, 40_000)).toBeUndefined();
    const seeing = { ...wanted, needs: new Set<Capability>(["vision"]) };
    expect(new FastSlots([full()], seeing, 5_000).patienceMs(seeing, 40_000)).toBeUndefined();
  });

  it("waits a few seconds at most where somebody reads along", () => {
    const person = { ...wanted, laneClass: "interactive" as const };
    expect(new FastSlots([full()], person, 6_000).patienceMs(person, 40_000)).toBe(5_000);
    expect(new FastSlots([full()], person, 4_000).patienceMs(person, 40_000)).toBeUndefined();
  });

  it("does not count on an answer that should have ended long ago", () => {
    expect(new FastSlots([full()], wanted, 10_500).patienceMs(wanted, 40_000)).toBeDefined();
    expect(new FastSlots([full()], wanted, 60_000).patienceMs(wanted, 40_000)).toBeUndefined();
  });
});
