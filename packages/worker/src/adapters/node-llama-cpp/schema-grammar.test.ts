import { fileURLToPath } from "node:url";
import {
  getLlama,
  type Llama,
  LlamaGrammar,
  LlamaGrammarEvaluationState,
  type LlamaModel,
} from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SyntaxName, schemaToGrammar } from "../../core/json-schema/grammar.ts";

/** What the library's own sampling asks a grammar: it has no public name for it. */
interface GrammarQuestions {
  canBeNextTokenForGrammarEvaluationState(state: unknown, token: number): boolean;
  acceptGrammarEvaluationStateToken(state: unknown, token: number): void;
}

let llama: Llama;
let model: LlamaModel;
let questions: GrammarQuestions;

beforeAll(async () => {
  const modelPath = fileURLToPath(new URL("../../../../models/built-in/tiny-gemma.gguf", import.meta.url));
  llama = await getLlama({ gpu: false, build: "never", skipDownload: true, maxThreads: 1 });
  model = await llama.loadModel({ modelPath, vocabOnly: true });
  const { _bindings } = llama as unknown as {
    readonly _bindings: { readonly AddonSampler: GrammarQuestions };
  };
  questions = _bindings.AddonSampler;
}, 30_000);
afterAll(() => llama.dispose());

/** Whether llama.cpp lets a model write this text and nothing after it. */
function accepts(grammarText: string, text: string): boolean {
  const grammar = new LlamaGrammar(llama, { grammar: grammarText });
  const evaluation = new LlamaGrammarEvaluationState({ model, grammar });
  const { _state: state } = evaluation as unknown as { readonly _state: unknown };
  for (const token of model.tokenize(text, true)) {
    if (!questions.canBeNextTokenForGrammarEvaluationState(state, token)) return false;
    questions.acceptGrammarEvaluationStateToken(state, token);
  }
  return questions.canBeNextTokenForGrammarEvaluationState(state, model.tokens.eos ?? model.tokens.eot ?? 0);
}

type Row = readonly [name: string, schema: unknown, valid: readonly string[], invalid: readonly string[]];

const rows: readonly Row[] = [
  ["types", { type: ["boolean", "null"] }, ["true", "null"], ["1", "truefalse"]],
  ["any value", true, ['{"a":[1,{"b":null}],"é😀":"\\n"}'], ["[1,]"]],
  ["enum", { enum: ["red", "redder", 'q"', 1, { a: [] }] }, ['"red"', '"q\\""', "1", '{"a":[]}'], ['"re"']],
  ["integer", { type: "integer", minimum: -5, maximum: 120 }, ["-5", "0", "99", "120"], ["-6", "121", "1.0"]],
  ["number", { type: "number", exclusiveMinimum: 0, maximum: 2.5 }, ["0.1", "2.5"], ["0.0", "2.51", "-1"]],
  ["free number", { type: "number" }, ["-1.5e-9"], ["01"]],
  ["lengths", { type: "string", minLength: 2, maxLength: 3 }, ['"aé"', '"한국어"'], ['"a"', '"abcd"']],
  ["a large length", { type: "string", maxLength: 100_000 }, [`"${"a".repeat(3_000)}"`], ['"a']],
  [
    "large lengths",
    { type: "string", minLength: 600, maxLength: 1_100 },
    [`"${"a".repeat(1_100)}"`],
    [`"${"a".repeat(599)}"`, `"${"a".repeat(1_101)}"`],
  ],
  [
    "pattern",
    { type: "string", pattern: "^(foo|ba[rz]){1,3}-[^\\d\\s]+$" },
    ['"foobar-한é\\""'],
    ['"foo-1"', '"-a"'],
  ],
  ["any text around", { type: "string", pattern: "b+" }, ['"aé b c"'], ['"acd"']],
  [
    "date-time",
    { type: "string", format: "date-time" },
    ['"2024-02-29T23:59:59.5Z"'],
    ['"2023-02-29T23:59:59Z"'],
  ],
  ["duration", { type: "string", format: "duration" }, ['"P1Y2M3DT4H"'], ['"P"']],
  ["email", { type: "string", format: "email" }, ['"a.b@example.org"'], ['"a@"']],
  ["ipv6", { type: "string", format: "ipv6" }, ['"1:2:3:4:5:6:7:8"'], ['"1:2"']],
  ["uuid", { type: "string", format: "uuid" }, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"1"']],
  [
    "lists",
    { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 1_500 },
    [`[${"1, ".repeat(1_499)}1]`, "[\n  1,\n  2\n]"],
    ["[]", "[1 ,2]"],
  ],
  [
    "prefixItems",
    { type: "array", prefixItems: [{ const: 1 }, true], items: { const: 2 } },
    ['[1,"x",2,2]', "[]"],
    ["[2]"],
  ],
  [
    "objects",
    { type: "object", properties: { a: { const: 1 }, "b c": true, d: { const: 1 } }, required: ["d"] },
    ['{"d":1}', '{"a": 1, "b c": [], "d": 1}'],
    ['{"a":1}', '{"d":1,"a":1}'],
  ],
  [
    "other properties",
    { type: "object", properties: { ab: { const: 1 } }, additionalProperties: { const: 2 } },
    ['{"ab":1,"abc":2,"é":2}'],
    ['{"ab":2}'],
  ],
  ["anyOf", { anyOf: [{ const: 1 }, { type: "array", items: { $ref: "#" } }] }, ["[1,[1]]"], ["[2]"]],
  [
    "allOf",
    { allOf: [{ properties: { a: { minimum: 1 } } }, { properties: { a: { type: "integer" } } }] },
    ['{"a":1}'],
    ['{"a":0}'],
  ],
  [
    "$ref",
    { $defs: { t: { properties: { t: { $ref: "#/$defs/t" } } } }, $ref: "#/$defs/t" },
    ['{"t":{"t":{}}}'],
    ['{"t":1}'],
  ],
  [
    "50 optional properties",
    { properties: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`p${i}`, { const: i }])) },
    ["{}", '{"p0":0,"p49":49}'],
    ['{"p49":49,"p0":0}'],
  ],
];

const gemmaRows: readonly Row[] = [
  [
    "strings",
    { properties: { a: { type: "string" }, "b:c": { enum: ["x"] } } },
    ['{a:<|"|>Os"lo <| é\n<|"|>,<|"|>b:c<|"|>:<|"|>x<|"|>}'],
    ['{"a":"b"}', "{ }"],
  ],
  [
    "lengths",
    { properties: { a: { type: "string", maxLength: 2 } } },
    ['{a:<|"|>ab<|"|>}'],
    ['{a:<|"|>abc<|"|>}'],
  ],
  ["other names", { additionalProperties: { type: "integer" } }, ["{two words:1,b:2}"], ["{:1}"]],
];

describe("llama.cpp", () => {
  it.each(rows)("holds a model to %s", (_name, schema, valid, invalid) =>
    check("json", schema, valid, invalid),
  );

  it.each(gemmaRows)("holds a model to %s in Gemma's syntax", (_name, schema, valid, invalid) =>
    check("gemma", schema, valid, invalid),
  );

  it("takes the mark as a token of its own", () => {
    const schema = { properties: { a: { type: "string" } } };
    const [mark] = model.tokenize('<|"|>', true);
    const grammar = schemaToGrammar(schema, { syntax: "gemma", markRule: `<[${mark}]>` });
    expect(accepts(grammar, '{a:<|"|>b<|"|>}')).toBe(true);
  });
});

function check(
  syntax: SyntaxName,
  schema: unknown,
  valid: readonly string[],
  invalid: readonly string[],
): void {
  const grammar = schemaToGrammar(schema as Record<string, unknown>, { syntax });
  expect(valid.filter((text) => !accepts(grammar, text))).toEqual([]);
  expect(invalid.filter((text) => accepts(grammar, text))).toEqual([]);
}
