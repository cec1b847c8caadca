import { MusterError } from "@muster/base";
import { describe, expect, it } from "vitest";
import { readGbnf } from "./gbnf.fixture.ts";
import { schemaToGrammar } from "./grammar.ts";

function failureOf(schema: unknown): MusterError {
  try {
    schemaToGrammar(schema as Record<string, unknown>, { param: "tools[0].parameters" });
  } catch (error) {
    if (error instanceof MusterError) return error;
    throw error;
  }
  throw new Error("no failure");
}

describe("what a grammar cannot hold", () => {
  it.each([
    ["patternProperties", { patternProperties: { a: true } }],
    ["propertyNames", { propertyNames: {} }],
    ["minProperties", { minProperties: 1 }],
    ["maxProperties", { maxProperties: 1 }],
    ["dependentRequired", { dependentRequired: {} }],
    ["dependentSchemas", { dependentSchemas: {} }],
    ["if", { if: true }],
    ["not", { not: {} }],
    ["contains", { contains: true }],
    ["unevaluatedProperties", { unevaluatedProperties: false }],
    ["unevaluatedItems", { unevaluatedItems: false }],
    ["$dynamicRef", { $dynamicRef: "#a" }],
    ["multipleOf", { type: "number", multipleOf: 0.5 }],
    ["multipleOf", { type: "integer", multipleOf: 2 }],
    ["uniqueItems", { uniqueItems: true }],
    ["nullable", { enum: [1], nullable: true }],
    ["minimum", { type: "number", minimum: 1e16 }],
    ["maximum", { type: "number", maximum: 1e-7 }],
    ["pattern", { pattern: "(?=a)b" }],
    ["pattern", { pattern: "(?<!a)b" }],
    ["pattern", { pattern: "(a)\\1" }],
    ["pattern", { pattern: "\\bword" }],
    ["pattern", { pattern: "\\p{L}" }],
    ["pattern", { pattern: "a^b" }],
    ["pattern", { pattern: "(a*)*" }],
    ["pattern", { pattern: "a{2,1}" }],
    ["pattern", { pattern: "[b-a]" }],
    ["pattern", { pattern: "(a" }],
    ["pattern", { pattern: "a)" }],
    ["pattern", { pattern: "[a" }],
    ["pattern", { pattern: "*a" }],
    ["maxLength", { pattern: "^ab+$", maxLength: 4 }],
    ["format", { format: "date", pattern: "a" }],
    ["maxLength", { enum: ["a"], maxLength: 1 }],
    ["$ref", { $ref: "https://example.org/schema" }],
    ["$ref", { $ref: "#name" }],
    ["pattern", { allOf: [{ pattern: "a" }, { pattern: "b" }] }],
    ["maxLength", { maxLength: 1e9 }],
    ["minItems", { type: "array", minItems: 1e9 }],
  ])("is refused, and the keyword named: %s", (keyword, schema) => {
    const failure = failureOf({ type: "object", properties: { "a/b": { items: schema } } });
    expect(failure).toMatchObject({ code: "unsupported", param: "tools[0].parameters" });
    expect(failure.message).toContain(`"${keyword}" at #/properties/a~1b/items`);
  });
});

describe("a schema that is none", () => {
  it.each([
    ["type", { type: "text" }],
    ["minLength", { minLength: "3" }],
    ["minLength", { minLength: -1 }],
    ["maximum", { type: "number", maximum: null }],
    ["exclusiveMinimum", { type: "integer", exclusiveMinimum: true }],
    ["required", { required: "a" }],
    ["properties", { properties: [] }],
    ["items", { items: 3 }],
    ["items", { items: [{}, {}] }],
    ["anyOf", { anyOf: [] }],
    ["enum", { enum: "a" }],
    ["pattern", { pattern: 3 }],
    ["additionalProperties", { additionalProperties: "no" }],
    ["$ref", { $ref: "#/$defs/none" }],
    ["$ref", { $ref: "#/__proto__" }],
  ])("is a wrong request: %s", (keyword, schema) => {
    const failure = failureOf(schema);
    expect(failure.code).toBe("invalid_request");
    expect(failure.message).toContain(keyword);
  });

  it.each([
    ["false", false],
    ["an empty enum", { enum: [] }],
    ["bounds", { type: "integer", minimum: 3, maximum: 2 }],
    ["number bounds", { type: "number", exclusiveMinimum: 1, maximum: 1 }],
    ["lengths", { minLength: 3, maxLength: 2 }],
    ["counts", { minItems: 3, maxItems: 2 }],
    ["a closed list", { prefixItems: [true], items: false, minItems: 2 }],
    ["types", { allOf: [{ type: "string" }, { type: "null" }] }],
    ["a required property that is not allowed", { required: ["a"], additionalProperties: false }],
    ["itself", { $ref: "#" }],
    [
      "two that are each other",
      { $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" },
    ],
    ["itself with more", { $ref: "#", minLength: 1 }],
    ["a value without an end", { type: "object", properties: { a: { $ref: "#" } }, required: ["a"] }],
    ["a list without an end", { type: "array", items: { $ref: "#" }, minItems: 1 }],
  ])("is a wrong request where nothing fits: %s", (_name, schema) => {
    expect(failureOf(schema).code).toBe("invalid_request");
  });
});

describe("a hostile schema", () => {
  const nested = (depth: number, wrap: (inner: unknown) => unknown) => {
    let schema: unknown = true;
    for (let i = 0; i < depth; i++) schema = wrap(schema);
    return schema;
  };
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, {}]));

  it.each([
    ["items 60,000 deep", () => nested(60_000, (items) => ({ items }))],
    ["properties 60,000 deep", () => nested(60_000, (a) => ({ properties: { a } }))],
    ["an unknown keyword 60,000 deep", () => ({ unknown: nested(60_000, (inner) => [inner]) })],
    ["items 65 deep", () => nested(65, (items) => ({ items }))],
    ["1,000,000 alternatives", () => ({ anyOf: Array.from({ length: 1_000_000 }, () => true) })],
    ["10,000 properties", () => ({ properties: many(10_000) })],
    ["100,000 values", () => ({ enum: Array.from({ length: 100_000 }, (_, i) => i) })],
    ["long values", () => ({ enum: Array.from({ length: 900 }, (_, i) => `${i}${"x".repeat(400)}`) })],
    [
      "long names beside others",
      () => ({ properties: { ["n".repeat(100_000)]: true }, additionalProperties: true }),
    ],
    ["a pattern that unfolds", () => ({ pattern: "(a{1000}){1000}" })],
    ["a pattern of 100,000 groups", () => ({ pattern: "(".repeat(100_000) })],
    ["a pattern of 3,000 groups", () => ({ pattern: `${"(".repeat(1_900)}a${")".repeat(1_900)}` })],
    [
      "choices of choices",
      () => ({
        allOf: Array.from({ length: 30 }, (_, i) => ({
          anyOf: [{ properties: { [`a${i}`]: {} } }, { properties: { [`b${i}`]: {} } }],
        })),
      }),
    ],
    ["references that double", () => doubling(60)],
  ])("is refused at once: %s", (_name, make) => {
    expect(["invalid_request", "unsupported"]).toContain(failureOf(make()).code);
  });

  /** Each definition is a choice between two of the next, each with a little more. */
  function doubling(count: number) {
    const entries = Array.from({ length: count }, (_, i) => {
      const next = `#/$defs/d${i + 1}`;
      return [
        `d${i}`,
        {
          anyOf: [
            { $ref: next, minLength: i },
            { $ref: next, maxLength: 1_000 - i },
          ],
        },
      ];
    });
    return {
      $defs: { ...Object.fromEntries(entries), [`d${count}`]: { type: "string" } },
      $ref: "#/$defs/d0",
    };
  }

  it("may be as large as a useful one", () => {
    expect(() => schemaToGrammar({ properties: many(1_500) })).not.toThrow();
    expect(() =>
      schemaToGrammar({ enum: Array.from({ length: 1_000 }, (_, i) => `value ${i}`) }),
    ).not.toThrow();
    expect(() =>
      schemaToGrammar(nested(63, (items) => ({ items })) as Record<string, unknown>),
    ).not.toThrow();
    expect(() => schemaToGrammar({ type: "string", maxLength: 100_000 })).not.toThrow();
  });

  it("may refer to itself while it is merged", () => {
    const schema = {
      $defs: {
        named: { type: "object", properties: { name: { type: "string" }, child: { $ref: "#/$defs/named" } } },
        tree: { allOf: [{ $ref: "#/$defs/named" }, { properties: { child: { $ref: "#/$defs/tree" } } }] },
      },
      $ref: "#/$defs/tree",
    };
    const grammar = readGbnf(schemaToGrammar(schema));
    expect(grammar.accepts('{"name":"a","child":{"name":"b","child":{}}}')).toBe(true);
    expect(grammar.accepts('{"child":1}')).toBe(false);
  });
});
