import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HedgeFacts, lineTimes, shouldHedge } from "./hedge-rule.ts";

const longLine: HedgeFacts = {
  waitingLines: 0,
  freeSlotsElsewhere: 2,
  runningForMs: 10_001,
  times: { medianMs: 1_000, p90Ms: 5_000 },
  hedges: 0,
};

describe("shouldHedge", () => {
  it("takes lines that have run twice as long as nine of ten", () => {
    expect(shouldHedge(longLine)).toBe(true);
    expect(shouldHedge({ ...longLine, runningForMs: 10_000 })).toBe(false);
  });

  it("takes lines on a worker that is much slower than a free one, once they take longer than half of all", () => {
    const slow = { ...longLine, runningForMs: 1_500, tokensPerSecond: { here: 10, elsewhere: 30 } };
    expect(shouldHedge(slow)).toBe(true);
    expect(shouldHedge({ ...slow, runningForMs: 1_000 })).toBe(false);
    expect(shouldHedge({ ...slow, tokensPerSecond: { here: 10, elsewhere: 29 } })).toBe(false);
  });

  it("leaves alone what other lines wait for, what was hedged before, and what nobody knows", () => {
    expect(shouldHedge({ ...longLine, waitingLines: 1 })).toBe(false);
    expect(shouldHedge({ ...longLine, freeSlotsElsewhere: 0 })).toBe(false);
    expect(shouldHedge({ ...longLine, hedges: 1 })).toBe(false);
    expect(shouldHedge({ ...longLine, times: undefined })).toBe(false);
  });
});

describe("lineTimes", () => {
  it("needs ten durations", () => {
    expect(lineTimes(Array(9).fill(5))).toBeUndefined();
    expect(lineTimes(Array(10).fill(5))).toEqual({ medianMs: 5, p90Ms: 5 });
  });

  it("has at least half of the durations at or below the median, and nine of ten at or near p90", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 10, maxLength: 200 }), (all) => {
        const { medianMs, p90Ms } = lineTimes(all) ?? { medianMs: -1, p90Ms: -1 };
        const below = (limit: number) => all.filter((ms) => ms <= limit).length;
        expect(below(medianMs)).toBeGreaterThanOrEqual(all.length / 2);
        expect(below(p90Ms)).toBeGreaterThanOrEqual(Math.floor(0.9 * all.length));
        expect(medianMs).toBeLessThanOrEqual(p90Ms);
      }),
    );
  });
});
