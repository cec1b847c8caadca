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

  it("prefers a replica that knows the prompt's beginning, as long as it has a free slot and is not far slower", () => {
    const fast = candidate({ workerId: "fast", decodeTokensPerSecond: 100 });
    const warm = candidate({ workerId: "warm", decodeTokensPerSecond: 60, warmPrefixes: [7, 9] });
    const chosen = (
      candidates: readonly Candidate[],
      prefix: number | undefined,
      more: Partial<Wanted> = {},
    ) => nameOf(chooseReplica(candidates, { ...anything, ...more, prefix }));
    expect(chosen([fast, warm], 9)).toBe("warm");
    expect(chosen([fast, warm], 8)).toBe("fast");
    expect(chosen([fast, { ...warm, warmPrefixes: [0] }], 0)).toBe("fast");
    expect(chosen([fast, { ...warm, slotsUsed: 4 }], 9)).toBe("fast");
    expect(chosen([fast, { ...warm, isAccepting: false }], 9)).toBe("fast");
    const slow = { ...warm, decodeTokensPerSecond: 20 };
    expect(chosen([fast, slow], 9)).toBe("fast");
    // What it need not read again makes up for that, where little is to be written.
    const reading = { prefillTokensPerSecond: 500 };
    const short = { promptTokens: 512, answerTokens: 4 };
    expect(
      chosen(
        [
          { ...fast, ...reading },
          { ...slow, ...reading },
        ],
        9,
        short,
      ),
    ).toBe("warm");
  });

  it("weighs how fast a prompt is read against how fast an answer is written", () => {
    const reader = candidate({
      workerId: "reader",
      decodeTokensPerSecond: 10,
      prefillTokensPerSecond: 5_000,
    });
    const writer = candidate({ workerId: "writer", decodeTokensPerSecond: 40, prefillTokensPerSecond: 200 });
    const chosen = (promptTokens: number, answerTokens: number) =>
      nameOf(chooseReplica([reader, writer], { ...anything, promptTokens, answerTokens }));
    expect(chosen(8_000, 20)).toBe("reader");
    expect(chosen(100, 500)).toBe("writer");
  });

  it("fills a replica that sequences hardly slow down before it takes a slower one", () => {
    const batched = candidate({ workerId: "batched", decodeTokensPerSecond: 90, contention: 0.05, slots: 8 });
    const slow = candidate({ workerId: "slow", decodeTokensPerSecond: 40, contention: 0.05 });
    for (let slotsUsed = 0; slotsUsed < 8; slotsUsed++)
      expect(nameOf(chooseReplica([{ ...batched, slotsUsed }, slow], anything))).toBe("batched");
    expect(nameOf(chooseReplica([{ ...batched, slotsUsed: 8 }, slow], anything))).toBe("slow");
  });

  it("keeps work from one that is ill while others serve the model, and uses the least ill where all are", () => {
    const ill = candidate({ workerId: "a", decodeTokensPerSecond: 100, badness: 2 });
    const well = candidate({ workerId: "b", decodeTokensPerSecond: 1 });
    expect(nameOf(chooseReplica([ill, well], anything))).toBe("b");
    expect(nameOf(chooseReplica([ill, { ...well, slotsUsed: 4 }], anything))).toBe("no-free-slot");
    const lessIll = candidate({ workerId: "c", badness: 1 });
    expect(nameOf(chooseReplica([ill, lessIll], anything))).toBe("c");
    expect(nameOf(chooseReplica([ill, { ...lessIll, slotsUsed: 4 }], anything))).toBe("a");
    expect(nameOf(chooseReplica([ill], anything))).toBe("a");
  });

  it("gives the next request to one that is to show whether it is well again", () => {
    const due = candidate({ workerId: "z", decodeTokensPerSecond: 1, isProbeDue: true });
    expect(nameOf(chooseReplica([candidate({ decodeTokensPerSecond: 50 }), due], anything))).toBe("z");
  });

  it("shares a stream of equal jobs in proportion to speed, within a tenth", () => {
    const speeds = { one: 10, two: 20, four: 40 };
    const jobs = 1_400;
    const given = sharesOf(speeds, { jobs, answerTokens: 100, slots: 4 });
    for (const [name, speed] of Object.entries(speeds)) {
      const share = (jobs * speed) / 70;
      expect(Math.abs((given.get(name) ?? 0) - share)).toBeLessThan(0.1 * share);
    }
  });

  const rate = fc.option(fc.double({ min: 0.1, max: 500, noNaN: true }), { nil: undefined });
  const candidates = fc.array(
    fc.record({
      workerId: fc.constantFrom("w1", "w2", "w3"),
      replicaId: fc.constantFrom("r1", "r2"),
      slots: fc.integer({ min: 0, max: 8 }),
      slotsUsed: fc.integer({ min: 0, max: 9 }),
      isAccepting: fc.boolean(),
      capabilities: fc.subarray<Capability>(["chat", "vision"]).map((names) => new Set(names)),
      decodeTokensPerSecond: rate,
      prefillTokensPerSecond: rate,
      contention: fc.double({ min: 0, max: 1, noNaN: true }),
      badness: fc.nat(2),
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
        // All that are well may be full: then what is ill is left alone.
        if (choice.kind === "wait") expect(free.filter(({ badness }) => badness === 0)).toEqual([]);
        else {
          expect(free).toContain(choice.replica);
          if (free.some(({ badness }) => badness === 0)) expect(choice.replica.badness).toBe(0);
        }
        const other = chooseReplica([...given].reverse(), wanted);
        const name = (of: typeof choice) =>
          of.kind === "wait" ? of.reason : `${of.replica.workerId} ${of.replica.replicaId}`;
        expect(name(other)).toBe(name(choice));
      }),
    );
  });

  it("never passes over a faster replica for a slower one that has as much to do", () => {
    fc.assert(
      fc.property(candidates, fc.nat(2_000), fc.nat(2_000), (given, promptTokens, answerTokens) => {
        const plain = given.map((one) => ({ ...one, contention: 1, badness: 0, warmPrefixes: [] }));
        const choice = chooseReplica(plain, { ...anything, promptTokens, answerTokens });
        if (choice.kind === "wait") return;
        const { slotsUsed, decodeTokensPerSecond: decode, prefillTokensPerSecond: prefill } = choice.replica;
        if (decode === undefined || prefill === undefined) return;
        for (const other of plain) {
          const isUsable = other.isAccepting && other.slotsUsed < other.slots && other.slotsUsed <= slotsUsed;
          if (
            !isUsable ||
            other.decodeTokensPerSecond === undefined ||
            other.prefillTokensPerSecond === undefined
          )
            continue;
          const isFaster = other.decodeTokensPerSecond > decode && other.prefillTokensPerSecond > prefill;
          if (promptTokens + answerTokens > 0) expect(isFaster).toBe(false);
        }
      }),
    );
  });
});

function nameOf(choice: ReturnType<typeof chooseReplica>): string {
  return choice.kind === "assign" ? choice.replica.workerId : choice.reason;
}

/** Jobs that each replica is given where there is always one waiting; what it runs shares its speed. */
function sharesOf(
  speeds: Readonly<Record<string, number>>,
  of: { readonly jobs: number; readonly answerTokens: number; readonly slots: number },
): ReadonlyMap<string, number> {
  const { jobs, answerTokens, slots } = of;
  const given = new Map(Object.keys(speeds).map((name) => [name, 0]));
  /** Tokens that are left of each job that runs. */
  const running = new Map<string, number[]>(Object.keys(speeds).map((name) => [name, []]));
  for (let job = 0; job < jobs; ) {
    const candidates = Object.entries(speeds).map(([workerId, decodeTokensPerSecond]) => {
      const slotsUsed = running.get(workerId)?.length ?? 0;
      return candidate({ workerId, decodeTokensPerSecond, slots, slotsUsed });
    });
    const choice = chooseReplica(candidates, { ...anything, answerTokens, promptTokens: 0 });
    if (choice.kind === "assign") {
      const { workerId } = choice.replica;
      given.set(workerId, (given.get(workerId) ?? 0) + 1);
      running.get(workerId)?.push(answerTokens);
      job += 1;
    } else {
      for (const [name, left] of running) {
        const each = (speeds[name] ?? 0) / 100 / left.length;
        running.set(
          name,
          left.map((tokens) => tokens - each).filter((tokens) => tokens > 0),
        );
      }
    }
  }
  return given;
}
