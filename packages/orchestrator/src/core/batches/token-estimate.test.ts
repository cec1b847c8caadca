import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitTokens, tokensIn } from "./token-estimate.ts";

describe("fitTokens", () => {
  it("finds what a template adds and how long tokens are", () => {
    const counted = [10, 200, 3_000].map((characters) => ({ characters, tokens: 12 + characters / 3 }));
    const estimate = fitTokens(counted);
    expect(estimate.perPrompt).toBeCloseTo(12, 6);
    expect(estimate.perCharacter).toBeCloseTo(1 / 3, 6);
    expect(tokensIn(estimate, 9_000)).toBeCloseTo(3_012, 3);
  });

  it("counts four characters a token where nothing was counted", () => {
    expect(tokensIn(fitTokens([]), 400)).toBe(100);
    expect(tokensIn(fitTokens([{ characters: 0, tokens: 5 }]), 400)).toBe(100);
  });

  it("is right for the sum of what was counted, never falls and is never negative", () => {
    const prompt = fc.record({
      characters: fc.integer({ min: 1, max: 100_000 }),
      tokens: fc.integer({ min: 1, max: 50_000 }),
    });
    fc.assert(
      fc.property(fc.array(prompt, { minLength: 1, maxLength: 64 }), (counted) => {
        const estimate = fitTokens(counted);
        const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
        const estimated = sum(counted.map(({ characters }) => tokensIn(estimate, characters)));
        const real = sum(counted.map(({ tokens }) => tokens));
        expect(Math.abs(estimated / real - 1)).toBeLessThan(1e-6);
        expect(estimate.perPrompt).toBeGreaterThanOrEqual(0);
        expect(estimate.perCharacter).toBeGreaterThan(0);
      }),
    );
  });
});
