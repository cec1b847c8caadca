import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readGbnf, seededRandom } from "./gbnf.fixture.ts";
import { parseGemmaArguments } from "./gemma-arguments.ts";
import { schemaToGrammar } from "./grammar.ts";
import { patternMatcher } from "./match-pattern.ts";
import { schemaCases } from "./schemas.fixture.ts";

/** Another reading of JSON Schema than ours, with the engine's own regular expressions. */
const ajv = () =>
  new Ajv2020({ strict: false, validateFormats: false, logger: false, code: { optimize: false } });

/** Compiling a schema for the other reading takes most of the time. */
const runs = 50;

/** A grammar cannot hold that only one of several schemas fits; any of them is what it enforces. */
function withoutOneOf(schema: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema).replaceAll('"oneOf":', '"anyOf":'));
}

describe("a schema's grammar", () => {
  it("makes nothing but JSON that is valid for the schema", () => {
    fc.assert(
      fc.property(schemaCases, fc.integer(), ({ schema }, seed) => {
        const grammar = readGbnf(schemaToGrammar(schema));
        expect(grammar.leftRecursive()).toEqual([]);
        const isValid = ajv().compile(withoutOneOf(schema));
        const random = seededRandom(seed);
        for (let i = 0; i < 5; i++) {
          const text = grammar.derive(random);
          expect({ text, isValid: isValid(JSON.parse(text)) }).toEqual({ text, isValid: true });
        }
      }),
      { numRuns: runs },
    );
  });

  it("accepts every value that is valid, compact or with blanks", () => {
    fc.assert(
      fc.property(
        schemaCases.chain(({ schema, values }) => fc.tuple(fc.constant(schema), values, fc.nat(3))),
        ([schema, value, indent]) => {
          const grammar = readGbnf(schemaToGrammar(schema));
          const texts = [JSON.stringify(value)];
          // What a schema lists as a whole is written in one form only.
          if (!/"(enum|const)":/.test(JSON.stringify(schema)))
            texts.push(JSON.stringify(value, null, indent));
          for (const text of texts) {
            expect({ text, accepted: grammar.accepts(text) }).toEqual({ text, accepted: true });
          }
        },
      ),
      { numRuns: runs },
    );
  });

  it("makes arguments in Gemma's syntax that become valid JSON", () => {
    const objects = schemaCases.map(({ schema }) => ({
      type: "object",
      properties: { value: schema, "two words": { type: "string" } },
      required: ["value"],
    }));
    fc.assert(
      fc.property(objects, fc.integer(), (schema, seed) => {
        const grammar = readGbnf(inGemma(schema));
        expect(grammar.leftRecursive()).toEqual([]);
        const isValid = ajv().compile(withoutOneOf(schema));
        const random = seededRandom(seed);
        for (let i = 0; i < 5; i++) {
          const text = grammar.derive(random);
          const json = parseGemmaArguments(text);
          expect({ text, isValid: isValid(JSON.parse(json)) }).toEqual({ text, isValid: true });
        }
      }),
      { numRuns: runs },
    );
  });
});

/** Values in `enum` may hold what Gemma cannot write; such schemas are refused, and not what is tested here. */
function inGemma(schema: Record<string, unknown>): string {
  try {
    return schemaToGrammar(schema, { syntax: "gemma" });
  } catch (error) {
    fc.pre(!(error instanceof Error && error.message.includes("cannot be written")));
    throw error;
  }
}

describe("a pattern's matcher", () => {
  const sources = [
    "^[a-z]{2,4}$",
    "^(a|ab)(c|bcd)*$",
    "b+",
    "^a|b$",
    "^(a{2}){1,3}$",
    "^[^ab]c?$",
    "^\\D\\w\\s$",
    "a.c",
    "^$",
    "^(?:a|)b{0}c$",
    "^[\\x61-\\u0063]{2,}?$",
  ];

  it.each(sources)("agrees with the engine's own on %s", (source) => {
    const matches = patternMatcher(source);
    const own = new RegExp(source, "u");
    const near = fc.string({ unit: fc.constantFrom("a", "b", "c", "d", " ", "1", "\n", "😀"), maxLength: 8 });
    fc.assert(
      fc.property(fc.oneof(near, fc.stringMatching(own)), (text) => {
        expect(matches(text)).toBe(own.test(text));
      }),
      { numRuns: 200 },
    );
  });
});
