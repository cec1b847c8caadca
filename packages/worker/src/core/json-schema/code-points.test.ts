import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CodePoints,
  complement,
  everyCodePoint,
  includes,
  intersect,
  subtract,
  unite,
} from "./code-points.ts";

const sets = fc
  .array(fc.tuple(fc.nat(30), fc.nat(6)), { maxLength: 6 })
  .map((ranges): CodePoints => unite(ranges.map(([from, length]) => [from, from + length] as const)));

describe("sets of characters", () => {
  it("are united, subtracted and intersected as sets are", () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        for (let code = 0; code <= 40; code++) {
          const [inA, inB] = [includes(a, code), includes(b, code)];
          expect(includes(unite(a, b), code)).toBe(inA || inB);
          expect(includes(subtract(a, b), code)).toBe(inA && !inB);
          expect(includes(intersect(a, b), code)).toBe(inA && inB);
          expect(includes(complement(a), code)).toBe(!inA);
        }
      }),
    );
  });

  it("hold no half of a surrogate pair", () => {
    expect(includes(everyCodePoint, 0xd800)).toBe(false);
    expect(complement(complement([[0x61, 0x7a]]))).toEqual([[0x61, 0x7a]]);
  });
});
