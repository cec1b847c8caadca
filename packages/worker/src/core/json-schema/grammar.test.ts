import { describe, expect, it } from "vitest";
import { readGbnf } from "./gbnf.fixture.ts";
import { anyObjectGrammar, schemaRules, schemaToGrammar } from "./grammar.ts";

type Row = readonly [name: string, schema: unknown, valid: readonly string[], invalid: readonly string[]];

const node = {
  $defs: {
    node: {
      type: "object",
      properties: { value: { type: "integer" }, next: { $ref: "#/$defs/node" } },
      required: ["value"],
    },
  },
  $ref: "#/$defs/node",
};

const rows: readonly Row[] = [
  [
    "items",
    { type: "array", items: { type: "integer" } },
    ["[]", "[1]", "[1, 2,3]", "[\n  1,\n  2\n]"],
    ["[1,]", "[1  ,2]", '["a"]'],
  ],
  [
    "item counts",
    { type: "array", items: { const: 1 }, minItems: 2, maxItems: 3 },
    ["[1,1]", "[1,1,1]"],
    ["[1]", "[]", "[1,1,1,1]"],
  ],
  ["no items", { type: "array", maxItems: 0 }, ["[]"], ["[1]"]],
  [
    "prefixItems",
    { type: "array", prefixItems: [{ const: 1 }, { const: 2 }] },
    ["[]", "[1]", "[1,2]"],
    ["[2]", "[1,2,3]"],
  ],
  [
    "prefixItems and items",
    { type: "array", prefixItems: [{ const: 1 }], items: { const: 2 }, minItems: 1 },
    ["[1]", "[1,2,2]"],
    ["[]", "[2]", "[1,1]"],
  ],
  [
    "prefixItems and minItems",
    { type: "array", prefixItems: [{ const: 1 }], minItems: 2 },
    ['[1,"x"]'],
    ["[1]", "[1,2,3]"],
  ],
  ["uniqueItems of one", { type: "array", uniqueItems: true, maxItems: 1 }, ["[1]"], ["[1,1]"]],
  [
    "properties",
    {
      type: "object",
      properties: { a: { type: "integer" }, b: { const: 1 }, c: { const: 2 } },
      required: ["b"],
    },
    ['{"a":1,"b":1,"c":2}', '{"b":1}', '{"b": 1, "c": 2}', '{\n  "a": 1,\n  "b": 1\n}'],
    ["{}", '{"a":1}', '{"b":1,"a":1}', '{"b":1,"d":1}', '{"b":1,}', '{,"b":1}', '{"b":1}{'],
  ],
  ["no properties", { type: "object", properties: {} }, ["{}"], ['{"a":1}']],
  ["any object", { type: "object" }, ["{}", '{"a":[],"b":{"c":1}}'], ["[]", "1"]],
  [
    "additionalProperties",
    { type: "object", additionalProperties: { type: "integer" } },
    ["{}", '{"a":1,"b":2}'],
    ['{"a":"b"}'],
  ],
  [
    "additionalProperties beside properties",
    {
      type: "object",
      properties: { ab: { const: 1 }, abc: { const: 2 } },
      additionalProperties: { const: 3 },
    },
    ["{}", '{"ab":1,"abc":2,"a":3}', '{"abcd":3}', '{"":3,"b":3}'],
    ['{"ab":3}', '{"abc":3}', '{"a":1}'],
  ],
  [
    "required but not listed",
    { type: "object", required: ["a"] },
    ['{"a":1}', '{"a":1,"b":2}'],
    ["{}", '{"b":2}'],
  ],
  ["anyOf", { anyOf: [{ type: "null" }, { type: "array", items: { const: 1 } }] }, ["null", "[1]"], ["1"]],
  [
    "anyOf beside properties",
    {
      type: "object",
      properties: { a: { const: 1 }, b: { const: 2 } },
      anyOf: [{ required: ["a"] }, { required: ["b"] }],
    },
    ['{"a":1}', '{"b":2}', '{"a":1,"b":2}'],
    ["{}"],
  ],
  [
    "allOf",
    {
      allOf: [
        { type: "object", properties: { a: { minimum: 1, type: "integer" } }, required: ["a"] },
        { properties: { a: { maximum: 3 }, b: { const: 2 } } },
      ],
    },
    ['{"a":3}', '{"a":1,"b":2}'],
    ['{"a":4}', '{"a":0}', '{"b":2}'],
  ],
  [
    "allOf of lengths and counts",
    {
      allOf: [
        { minLength: 1, maxLength: 3, minItems: 1, maxItems: 3 },
        { minLength: 2, maxLength: 2, minItems: 2, maxItems: 2 },
      ],
    },
    ['"ab"', "[1,2]"],
    ['"a"', '"abc"', "[1]", "[1,2,3]"],
  ],
  [
    "allOf of open bounds",
    {
      type: "integer",
      allOf: [
        { exclusiveMinimum: 1, exclusiveMaximum: 9 },
        { exclusiveMinimum: 3, maximum: 5 },
        { minimum: 2, exclusiveMaximum: 20 },
      ],
    },
    ["4", "5"],
    ["3", "6"],
  ],
  [
    "allOf that closes",
    {
      allOf: [
        { properties: { a: { const: 1 } }, additionalProperties: false },
        { properties: { b: { const: 1 } } },
      ],
    },
    ["{}", '{"a":1}'],
    ['{"b":1}'],
  ],
  [
    "two anyOf",
    { allOf: [{ anyOf: [{ enum: [1, 2] }, { enum: [3] }] }, { anyOf: [{ enum: [2, 3] }] }] },
    ["2", "3"],
    ["1"],
  ],
  [
    "$ref",
    node,
    ['{"value":1}', '{"value":1,"next":{"value":2,"next":{"value":3}}}'],
    ['{"next":{"value":1}}', '{"value":1,"next":{}}'],
  ],
  ["$ref to the root", { type: "array", items: { $ref: "#" } }, ["[]", "[[],[[]]]"], ["[1]"]],
  [
    "$ref with escapes",
    { definitions: { "a/b~c d": { const: 1 } }, $ref: "#/definitions/a~1b~0c%20d" },
    ["1"],
    ["2"],
  ],
  [
    "$ref beside keywords",
    { $defs: { n: { type: "integer", minimum: 1 } }, $ref: "#/$defs/n", maximum: 2 },
    ["1", "2"],
    ["0", "3"],
  ],
  ["a choice with itself in it", { anyOf: [{ $ref: "#" }, { const: 1 }] }, ["1"], ["2"]],
  [
    "names with signs",
    { type: "object", properties: { 'a"\\\n': { const: 1 }, "😀": { const: 2 } }, required: ['a"\\\n'] },
    ['{"a\\"\\\\\\n":1,"😀":2}'],
    ["{}"],
  ],
  [
    "remarks",
    {
      $schema: "x",
      $id: "y",
      title: "t",
      description: "d",
      default: 1,
      examples: [1],
      $comment: "c",
      deprecated: true,
      const: 1,
    },
    ["1"],
    ["2"],
  ],
];

describe("a schema's grammar", () => {
  it.each(rows)("holds %s", (_name, schema, valid, invalid) => {
    const grammar = readGbnf(schemaToGrammar(schema as Record<string, unknown>));
    expect(grammar.leftRecursive()).toEqual([]);
    expect(valid.filter((text) => !grammar.accepts(text))).toEqual([]);
    expect(invalid.filter((text) => grammar.accepts(text))).toEqual([]);
  });

  it("bounds the blanks, which a model could else write for ever", () => {
    const grammar = readGbnf(
      schemaToGrammar({ type: "object", properties: { a: { const: 1 } }, required: ["a"] }),
    );
    expect(grammar.accepts(`{\n${" ".repeat(20)}"a": 1\n}`)).toBe(true);
    for (const text of [
      '{"a":  1}',
      '{  "a":1}',
      '{\n\n"a":1}',
      `{\n${" ".repeat(21)}"a":1}`,
      '{"a":1} ',
      ' {"a":1}',
    ])
      expect({ text, accepted: grammar.accepts(text) }).toEqual({ text, accepted: false });
  });

  it("grows with the number of optional properties, not with their choices", () => {
    const lengthFor = (count: number) => {
      const names = Array.from({ length: count }, (_, i) => [`property${i}`, { type: "integer" }]);
      return schemaToGrammar({ type: "object", properties: Object.fromEntries(names) }).length;
    };
    expect(lengthFor(400)).toBeLessThan(9 * lengthFor(50));
  });

  it("is any object where no schema is given", () => {
    const grammar = readGbnf(anyObjectGrammar());
    expect(grammar.accepts('{"a": {"b": [1, "c"]}}')).toBe(true);
    expect(grammar.accepts("[]")).toBe(false);
  });

  it("has rules of its own prefix, so that several fit into one grammar", () => {
    const schema = {
      type: "object",
      properties: { a: { type: "string", maxLength: 900 }, b: true },
    } as const;
    const [one, two] = ["x", "y"].map((prefix) => schemaRules(schema, { prefix }));
    const both = readGbnf(`root ::= ${one?.rootRule} | ${two?.rootRule}\n${one?.rules}${two?.rules}`);
    expect(both.accepts('{"a":"1"}')).toBe(true);
    expect(schemaToGrammar(true, { rootName: "top" })).toMatch(/^top ::= v-1\n/);
  });
});

describe("a grammar in Gemma's syntax", () => {
  const schema = {
    type: "object",
    properties: {
      city: { type: "string" },
      "two words": { type: "integer" },
      "a:b": { const: "x" },
      tags: { type: "array", items: { enum: ["a", "b"] } },
    },
  };

  it("writes names bare, strings between marks, and no blanks", () => {
    const grammar = readGbnf(schemaToGrammar(schema, { syntax: "gemma" }));
    for (const text of [
      "{}",
      '{city:<|"|><<|<|"<|"|<|"|>}',
      '{city:<|"|>Oslo "<|" \n<|"|>,two words:3,<|"|>a:b<|"|>:<|"|>x<|"|>,tags:[<|"|>a<|"|>,<|"|>b<|"|>]}',
    ])
      expect({ text, accepted: grammar.accepts(text) }).toEqual({ text, accepted: true });
    for (const text of [
      '{city: <|"|>a<|"|>}',
      '{city:<|"|>a<|"|>b<|"|>}',
      '{"city":"a"}',
      "{ }",
      '{a:b:<|"|>x<|"|>}',
    ])
      expect({ text, accepted: grammar.accepts(text) }).toEqual({ text, accepted: false });
  });

  it("takes another rule for the mark", () => {
    const text = schemaToGrammar(schema, { syntax: "gemma", markRule: "<[52]>" });
    expect(text).toContain("<[52]> v-text <[52]>");
    expect(text).not.toContain('"<|');
  });

  it("refuses what it cannot write", () => {
    expect(() => schemaToGrammar({ const: 'a<|"|>b' }, { syntax: "gemma" })).toThrow("cannot be written");
    const properties = { '<|"|>': true };
    expect(() => schemaToGrammar({ properties }, { syntax: "gemma" })).toThrow("Rename the property");
  });
});
