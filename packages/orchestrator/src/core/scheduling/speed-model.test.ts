import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isFarBelowUsual,
  type ReplicaSpeed,
  ratesOf,
  type SpeedSample,
  seenTokensPerSecond,
  speedAfter,
  unmeasuredSpeed,
  withNewUsual,
} from "./speed-model.ts";

function sample(change: {
  readonly decodeRate?: number;
  readonly prefillRate?: number;
  readonly concurrency?: number;
  readonly cachedTokens?: number;
}): SpeedSample {
  const { decodeRate = 50, prefillRate = 1_000, concurrency = 1, cachedTokens = 0 } = change;
  return {
    usage: { promptTokens: 200, cachedTokens, completionTokens: 101 },
    timings: { prefillMs: ((200 - cachedTokens) * 1_000) / prefillRate, decodeMs: 100_000 / decodeRate },
    concurrency,
  };
}

function learnt(samples: readonly SpeedSample[], from = unmeasuredSpeed): ReplicaSpeed {
  return samples.reduce(speedAfter, from);
}

const many = (count: number, change: Parameters<typeof sample>[0] = {}) => Array(count).fill(sample(change));

describe("the speed of a replica", () => {
  it("is unknown before the first answer, and known after it", () => {
    expect(ratesOf(unmeasuredSpeed)).toMatchObject({
      prefillTokensPerSecond: undefined,
      decodeTokensPerSecond: undefined,
    });
    const { prefillTokensPerSecond, decodeTokensPerSecond } = ratesOf(learnt(many(1)));
    expect(prefillTokensPerSecond).toBeCloseTo(1_000);
    expect(decodeTokensPerSecond).toBeCloseTo(50);
  });

  it("does not count as read what was in the cache", () => {
    const { prefillTokensPerSecond } = ratesOf(learnt(many(1, { cachedTokens: 150 })));
    expect(prefillTokensPerSecond).toBeCloseTo(1_000);
    expect(ratesOf(learnt(many(1, { cachedTokens: 199 }))).prefillTokensPerSecond).toBeUndefined();
  });

  it("says nothing of writing where a model only reads", () => {
    const read = {
      usage: { promptTokens: 500, cachedTokens: 0, completionTokens: 0 },
      timings: { prefillMs: 100, decodeMs: 0 },
      concurrency: 1,
    };
    const { prefillTokensPerSecond, decodeTokensPerSecond } = ratesOf(learnt([read]));
    expect(prefillTokensPerSecond).toBeCloseTo(5_000);
    expect(decodeTokensPerSecond).toBeUndefined();
  });

  it("is moved little by one outlier, and follows what lasts", () => {
    const steady = learnt(many(20));
    for (const decodeRate of [0.5, 5_000]) {
      const rate = seenTokensPerSecond(speedAfter(steady, sample({ decodeRate }))) ?? 0;
      expect(rate).toBeGreaterThan(50 / 1.6);
      expect(rate).toBeLessThan(50 * 1.6);
    }
    const slower = seenTokensPerSecond(learnt(many(20, { decodeRate: 20 }), steady)) ?? 0;
    expect(slower).toBeCloseTo(20, 0);
  });

  it("learns how much sequences slow each other down", () => {
    const seen = (contention: number) =>
      ratesOf(
        learnt(
          Array.from({ length: 80 }, (_none, at) => {
            const concurrency = 1 + (at % 8);
            return sample({ concurrency, decodeRate: 60 / (1 + contention * (concurrency - 1)) });
          }),
        ),
      );
    for (const contention of [0, 0.1, 0.5, 1]) {
      const rates = seen(contention);
      expect(Math.abs(rates.contention - contention)).toBeLessThan(0.1);
      expect(Math.abs((rates.decodeTokensPerSecond ?? 0) - 60)).toBeLessThan(20);
    }
  });

  it("takes sequences to share the replica evenly until it has seen more than one kind of load", () => {
    expect(ratesOf(learnt(many(30, { concurrency: 4 }))).contention).toBe(1);
  });

  it("tells when several answers in a row are far slower than usual, and not for one of them", () => {
    const steady = learnt(many(20));
    const slow = { decodeRate: 10 };
    expect(isFarBelowUsual(learnt(many(4, slow), steady))).toBe(false);
    const ill = learnt(many(5, slow), steady);
    expect(isFarBelowUsual(ill)).toBe(true);
    expect(isFarBelowUsual(learnt(many(1), ill))).toBe(false);
    expect(isFarBelowUsual(learnt(many(30, { decodeRate: 15 }), steady))).toBe(false);
    const accepted = withNewUsual(learnt(many(10, slow), ill));
    expect(isFarBelowUsual(learnt(many(10, slow), accepted))).toBe(false);
  });

  it("does not take a full replica for a slow one", () => {
    const alone = learnt(many(20));
    expect(isFarBelowUsual(learnt(many(10, { concurrency: 8, decodeRate: 50 / 8 }), alone))).toBe(false);
  });

  it("stays a number that can be used, whatever workers say", () => {
    const any = fc.double();
    const samples = fc.array(
      fc.record({
        usage: fc.record({ promptTokens: any, cachedTokens: any, completionTokens: any }),
        timings: fc.record({ prefillMs: any, decodeMs: any }),
        concurrency: fc.double({ min: 1, max: 256, noNaN: true }),
      }),
    );
    fc.assert(
      fc.property(samples, (given) => {
        const rates = ratesOf(learnt(given));
        for (const rate of [rates.prefillTokensPerSecond, rates.decodeTokensPerSecond]) {
          if (rate === undefined) continue;
          expect(Number.isFinite(rate)).toBe(true);
          expect(rate).toBeGreaterThan(0);
        }
        expect(rates.contention).toBeGreaterThanOrEqual(0);
        expect(rates.contention).toBeLessThanOrEqual(1);
      }),
    );
  });
});
