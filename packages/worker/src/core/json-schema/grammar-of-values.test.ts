import { describe, expect, it } from "vitest";
import { readGbnf } from "./gbnf.fixture.ts";
import { schemaToGrammar } from "./grammar.ts";

type Row = readonly [name: string, schema: unknown, valid: readonly string[], invalid: readonly string[]];

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
    ["0.1", "0.24", "0.001", "0.249999999"],
    ["0", "0.0", "0.25", "0.3", "0.2500", "0.0000000001"],
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
    "pattern and least length",
    { type: "string", pattern: "^[a-z]*$", minLength: 2 },
    ['"ab"'],
    ['"a"', '""'],
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
];

describe("the grammar of a single value", () => {
  it.each(rows)("holds %s", (_name, schema, valid, invalid) => {
    const grammar = readGbnf(schemaToGrammar(schema as Record<string, unknown>));
    expect(grammar.leftRecursive()).toEqual([]);
    expect(valid.filter((text) => !grammar.accepts(text))).toEqual([]);
    expect(invalid.filter((text) => grammar.accepts(text))).toEqual([]);
  });
});
