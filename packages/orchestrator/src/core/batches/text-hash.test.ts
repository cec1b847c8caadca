import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prefixOf, TextHashSet } from "./text-hash.ts";

describe("a set of texts by their hashes", () => {
  it("knows a text again, and no other, however it grows", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 3_000 }), (texts) => {
        const hashed = new TextHashSet();
        const exact = new Set<string>();
        for (const text of texts) {
          expect(hashed.add(text)).toBe(!exact.has(text));
          exact.add(text);
        }
        expect(hashed.size).toBe(exact.size);
      }),
      { numRuns: 50 },
    );
  });

  it("takes no two of 600,000 alike ids for the same", () => {
    const set = new TextHashSet();
    let twins = 0;
    for (let i = 0; i < 200_000; i++)
      for (const id of [`line-${i}`, String(i), `request-${i}-${i % 7}`]) if (!set.add(id)) twins += 1;
    expect(twins).toBe(0);
  });
});

describe("what lines with the same beginning have in common", () => {
  it("is a number other than 0, by the first 2,048 characters", () => {
    const shared = "x".repeat(2_048);
    expect(prefixOf(`${shared}a`)).toBe(prefixOf(`${shared}b`));
    expect(prefixOf(shared)).not.toBe(0);
    expect(prefixOf(`y${shared}`)).not.toBe(prefixOf(shared));
  });

  it("is nothing where the beginning is short", () => {
    expect(prefixOf("x".repeat(1_023))).toBe(0);
    expect(prefixOf("x".repeat(1_024))).not.toBe(0);
  });
});
