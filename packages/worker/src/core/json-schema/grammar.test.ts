import { MusterError } from "@muster/base";
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
  ["type", { type: "boolean" }, ["true", "false"], ["null", "True", " true", ""]],
  ["several types", { type: ["string", "null"] }, ['"a"', "null"], ["1"]],
  ["nullable", { type: "integer", nullable: true }, ["1", "null"], ['""']],
  ["no type", { minimum: 3 }, ["3.5"], ["2", '"a"']],
  ["true", true, ["1", "[]", '{"a":[null]}', '"\\u0001"'], ["", "01", "[1,]", '"\\x"', '"\n"']],
  ["enum", { enum: ["red", "green", 1, null] }, ['"red"', "1", "null"], ['"re"', '"blue"', "2"]],
  ["enum and type", { type: "string", enum: ["a", 1] }, ['"a"'], ["1"]],
  ["const", { const: { a: [1] } }, ['{"a":[1]}'], ["{}"]],
  [
    "integer",
    { type: "integer" },
    ["0", "-7", "999999999999999"],
    ["-0", "01", "1.0", "1e3", "1000000000000000"],
  ],
  [
    "integer bounds",
    { type: "integer", minimum: -12, maximum: 105 },
    ["-12", "-1", "0", "9", "10", "99", "105"],
    ["-13", "-20", "106", "110", "200", "1000"],
  ],
  [
    "exclusive bounds",
    { type: "integer", exclusiveMinimum: 0, exclusiveMaximum: 10 },
    ["1", "9"],
    ["0", "10"],
  ],
  ["bounds between integers", { type: "integer", minimum: 0.5, maximum: 2.5 }, ["1", "2"], ["0", "3"]],
  ["multipleOf 1", { type: "number", multipleOf: 1 }, ["4"], ["4.5"]],
  ["number", { type: "number" }, ["0", "-0.5", "1e-7", "2.5E+10"], [".5", "1.", "01", "1e999", "NaN"]],
  [
    "number bounds",
    { type: "number", minimum: 0, maximum: 1 },
    ["0", "0.0", "0.25", "1", "1.0"],
    ["-0.1", "1.01", "2", "1e0"],
  ],
  [
    "open number bounds",
    { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 0.25 },
    ["0.1", "0.24", "0.001"],
    ["0", "0.0", "0.25", "0.3"],
  ],
  [
    "negative number bounds",
    { type: "number", minimum: -2.5, exclusiveMaximum: -1 },
    ["-2.5", "-2.49", "-2", "-1.01"],
    ["-2.51", "-1", "-1.0", "-0.5", "1.5"],
  ],
  ["one-sided number bounds", { type: "number", maximum: 1.5 }, ["-123456.75", "1.5", "0"], ["1.51", "2"]],
  [
    "lengths",
    { type: "string", minLength: 2, maxLength: 3 },
    ['"ab"', '"\\n\\""', '"😀é"', '"abc"'],
    ['"a"', '"abcd"'],
  ],
  [
    "a large length",
    { type: "string", minLength: 3, maxLength: 1_000 },
    [`"${"a".repeat(1_000)}"`, '"aaa"', `"${"a".repeat(754)}"`],
    [`"${"a".repeat(1_001)}"`, '"aa"'],
  ],
  [
    "pattern",
    { type: "string", pattern: "^[A-Z]{2}-\\d+$" },
    ['"AB-1"', '"ZZ-123"'],
    ['"AB-"', '"ab-1"', '"AB-1 "'],
  ],
  [
    "a pattern without anchors",
    { type: "string", pattern: "a|b" },
    ['"a"', '"xxb"', '"\\nay"'],
    ['""', '"x"'],
  ],
  ["a pattern with quotes", { type: "string", pattern: '^["\\\\]+$' }, ['"\\"\\\\"'], ['"a"']],
  [
    "control characters",
    { type: "string" },
    ['"\\u0001\\u001f\\t"'],
    ['"\\u000a"', '"\\u0041"', '"\\u001F"'],
  ],
  [
    "a pattern of control characters",
    { pattern: "^[\\x01\\x1e]$" },
    ['"\\u0001"', '"\\u001e"'],
    ['"\\u0002"', '"\\u001f"'],
  ],
  [
    "pattern and length",
    { type: "string", pattern: "^[a-z]+$", maxLength: 3 },
    ['"a"', '"abc"'],
    ['""', '"abcd"'],
  ],
  [
    "date",
    { type: "string", format: "date" },
    ['"2024-02-29"', '"2000-02-29"', '"2023-12-31"'],
    ['"2023-02-29"', '"1900-02-29"', '"2023-04-31"', '"2023-13-01"'],
  ],
  [
    "time",
    { type: "string", format: "time" },
    ['"23:59:59Z"', '"00:00:00.5+02:00"'],
    ['"24:00:00Z"', '"10:00:00"'],
  ],
  ["date-time", { type: "string", format: "date-time" }, ['"2024-01-01T10:00:00Z"'], ['"2024-01-01"']],
  [
    "duration",
    { type: "string", format: "duration" },
    ['"P1Y2M"', '"PT36H"', '"P3W"'],
    ['"P"', '"P1Y2D"', '"PT"'],
  ],
  ["email", { type: "string", format: "email" }, ['"a.b+c@example.org"'], ['"a"', '"@b"', '"a@-b"']],
  ["hostname", { type: "string", format: "hostname" }, ['"a.example"'], ['"-a"', '"a..b"']],
  ["ipv4", { type: "string", format: "ipv4" }, ['"255.0.10.1"'], ['"256.0.0.1"', '"1.2.3"', '"01.2.3.4"']],
  ["ipv6", { type: "string", format: "ipv6" }, ['"1:2:3:4:5:6:7:fFFf"'], ['"1:2"']],
  ["uuid", { type: "string", format: "uuid" }, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"123e4567"']],
  ["unknown format", { type: "string", format: "colour" }, ['"any"'], ["1"]],
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
