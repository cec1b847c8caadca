import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placePhases } from "./place-phases.ts";

const attempt = { beganAtMs: 1_000, endedAtMs: 2_000, firstPieceAtMs: 1_310, prefillMs: 300, decodeMs: 650 };

describe("where prefill and decoding lie", () => {
  it("they meet when the first piece came", () => {
    expect(placePhases(attempt)).toEqual({
      prefill: { fromMs: 1_010, toMs: 1_310 },
      decode: { fromMs: 1_310, toMs: 1_960 },
    });
  });

  it("of an answer that came whole decoding ends with it", () => {
    expect(placePhases({ ...attempt, firstPieceAtMs: undefined }).decode).toEqual({
      fromMs: 1_350,
      toMs: 2_000,
    });
  });

  it("they never leave the attempt and never overlap, whatever a worker says", () => {
    const ms = fc.double({ min: -1e9, max: 1e9 });
    const said = fc.oneof(
      ms,
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    );
    fc.assert(
      fc.property(fc.nat(10_000), fc.option(fc.nat(10_000), { nil: undefined }), said, said, (...drawn) => {
        const [wholeMs, firstMs, prefillMs, decodeMs] = drawn;
        const { prefill, decode } = placePhases({
          ...{ beganAtMs: 0, endedAtMs: wholeMs, prefillMs, decodeMs },
          firstPieceAtMs: firstMs === undefined ? undefined : Math.min(firstMs, wholeMs),
        });
        expect(prefill.fromMs).toBeGreaterThanOrEqual(-1e-6);
        expect(prefill.toMs).toBeGreaterThanOrEqual(prefill.fromMs);
        expect(decode.fromMs).toBe(prefill.toMs);
        expect(decode.toMs).toBeGreaterThanOrEqual(decode.fromMs);
        expect(decode.toMs).toBeLessThanOrEqual(wholeMs + 1e-6);
      }),
    );
  });
});
