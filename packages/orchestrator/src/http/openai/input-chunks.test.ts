import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunksOf } from "./input-chunks.ts";

describe("chunks of inputs", () => {
  it("hold every text once, in order, and few enough of them", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200_000), { maxLength: 100 }), (lengths) => {
        const texts = lengths.map((length) => "x".repeat(length));
        const chunks = chunksOf(texts);
        expect(chunks.flat()).toEqual(texts);
        for (const chunk of chunks) {
          expect(chunk.length).toBeGreaterThan(0);
          expect(chunk.length).toBeLessThanOrEqual(32);
          const length = chunk.reduce((sum, text) => sum + text.length, 0);
          expect(chunk.length === 1 || length <= 262_144).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
    expect(chunksOf(Array.from({ length: 64 }, () => "x"))).toHaveLength(2);
  });
});
