import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LineUsage } from "./batch.ts";
import { decodeWinners, type Winner, WinnerIndex } from "./winners.ts";
import { type Candidate, WinnerSelection } from "./winners-selection.ts";

const winner: fc.Arbitrary<Winner> = fc.record({
  pointer: fc.record({
    piece: fc.constantFrom("a-1/000000", "a-1/000001", "b-1/000000"),
    offset: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    length: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  }),
  outcome: fc.constantFrom("completed" as const, "failed" as const),
  isLate: fc.boolean(),
});

describe("an index of winners", () => {
  it("comes back from its bytes as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.option(winner, { nil: undefined }), { maxLength: 40 }), (winners) => {
        const index = new WinnerIndex(winners.length);
        for (const [line, item] of winners.entries()) if (item !== undefined) index.set(line, item);
        const read = decodeWinners(index.encode());
        expect(winners.map((_item, line) => read?.get(line))).toEqual(winners);
        expect(winners.map((_item, line) => read?.outcome(line))).toEqual(
          winners.map((item) => item?.outcome),
        );
        expect(read?.doneBits()).toEqual(index.doneBits());
        const bits = [...(read?.doneBits() ?? [])].map((byte) => byte.toString(2).padStart(8, "0")).join("");
        expect(bits.slice(0, winners.length)).toBe(
          winners.map((item) => (item === undefined ? 0 : 1)).join(""),
        );
      }),
    );
  });

  it("is not taken from bytes that are something else", () => {
    const bytes = new WinnerIndex(3).encode();
    expect(decodeWinners(bytes.subarray(0, 30))).toBeUndefined();
    expect(decodeWinners(new Uint8Array(100))).toBeUndefined();
  });

  it("costs 16 bytes a line", () => {
    expect(new WinnerIndex(1_000).encode().length).toBe(16_012);
  });
});

function usage(promptTokens: number): LineUsage {
  return { promptTokens, cachedTokens: 1, completionTokens: 2, reasoningTokens: 3 };
}

function candidate(epoch: number, outcome: Candidate["outcome"] = "completed", gen = 1): Candidate {
  return { line: 0, token: { gen, epoch }, outcome, isCached: epoch === 2, usage: usage(epoch) };
}

function at(offset: number) {
  return { piece: "a-1/000000", offset, length: 10 };
}

describe("the selection of winners", () => {
  it("takes the oldest answer where nobody has decided, and an answer before an error, in any order", () => {
    const offers = [
      candidate(4),
      candidate(2),
      candidate(3),
      candidate(1, "failed"),
      candidate(1, "completed", 2),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(offers, { minLength: offers.length }), (shuffled) => {
        const selection = new WinnerSelection(1, undefined);
        for (const item of shuffled) selection.offer(item, at(offers.indexOf(item)));
        expect(selection.index.get(0)).toEqual({ pointer: at(1), outcome: "completed", isLate: true });
        expect(selection.totals()).toEqual({ completed: 1, failed: 0, cachedLines: 1, usage: usage(2) });
      }),
    );
  });

  it("takes what was committed, wherever its commit record comes", () => {
    const oldest = candidate(1);
    const taken = candidate(2, "failed");
    const steps = ["oldest", "taken", "commit"] as const;
    fc.assert(
      fc.property(fc.shuffledSubarray([...steps], { minLength: 3 }), (order) => {
        const selection = new WinnerSelection(1, undefined);
        for (const step of order) {
          if (step === "oldest") selection.offer(oldest, at(0));
          else if (step === "taken") selection.offer(taken, at(50));
          else selection.claim("committed", 0, at(50), taken.token);
        }
        // What lost before it was claimed has to be looked up.
        const rest = [...selection.unconfirmed()];
        for (const _line of rest) selection.offer(taken, at(50));
        expect([...selection.unconfirmed()]).toEqual([]);
        expect(selection.index.get(0)).toEqual({ pointer: at(50), outcome: "failed", isLate: false });
        expect(selection.totals()).toEqual({ completed: 0, failed: 1, cachedLines: 1, usage: usage(2) });
      }),
    );
  });

  it("prefers what a generation began with to all that comes later", () => {
    const snapshot = new WinnerIndex(1);
    snapshot.set(0, { pointer: at(7), outcome: "completed", isLate: false });
    const selection = new WinnerSelection(1, snapshot);
    selection.claim("committed", 0, at(50), { gen: 2, epoch: 1 });
    selection.claim("held", 0, at(60));
    selection.offer(candidate(1), at(0));
    expect([...selection.unconfirmed()]).toEqual([0]);
    selection.offer(candidate(9), at(7));
    expect([...selection.unconfirmed()]).toEqual([]);
    expect(selection.index.get(0)?.pointer).toEqual(at(7));
    expect(selection.totals().usage).toEqual(usage(9));
  });

  it("lets a line whose record is lost be run again", () => {
    const selection = new WinnerSelection(2, undefined);
    selection.claim("committed", 0, at(50), { gen: 1, epoch: 1 });
    selection.drop(0);
    expect(selection.index.has(0)).toBe(false);
    expect(selection.totals()).toEqual({
      completed: 0,
      failed: 0,
      cachedLines: 0,
      usage: { ...usage(0), cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 },
    });
  });
});
