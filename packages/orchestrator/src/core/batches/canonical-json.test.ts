import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

/** The same value with the keys of all its objects in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const result: object = Object.create(null);
  for (const [key, inner] of Object.entries(value).reverse())
    Object.defineProperty(result, key, { value: reversed(inner), enumerable: true });
  return result;
}

describe("canonicalJson", () => {
  it("is the same whatever the order of keys, and says the same as the value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(reversed(value))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("keeps the order of lists, and a key named __proto__", () => {
    expect(canonicalJson({ b: [2, 1], a: { d: 1, c: undefined } })).toBe('{"a":{"d":1},"b":[2,1]}');
    const [one, other] = ['{"a":1,"__proto__":{"b":1}}', '{"__proto__":{"b":2},"a":1}'].map((text) =>
      canonicalJson(JSON.parse(text)),
    );
    expect(one).toBe('{"__proto__":{"b":1},"a":1}');
    expect(other).not.toBe(one);
  });
});
