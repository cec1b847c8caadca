import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AnswerParserOptions,
  type AnswerPart,
  type AnswerPiece,
  createAnswerParser,
} from "./answer-parser.ts";
import { chooseDialect, type Dialect, marksOf } from "./dialect.ts";
import { templates } from "./dialects.fixture.ts";

const gemma4 = chooseDialect(templates.gemma4);
const qwen3 = chooseDialect(templates.qwen3);
const llama3 = chooseDialect(templates.llama3);
const generic = chooseDialect(templates.gemma3);

type Settings = Partial<AnswerParserOptions> & { readonly dialect: Dialect; readonly hasTokens?: boolean };

function parserOf({ dialect, hasTokens = true, ...rest }: Settings) {
  let ids = 0;
  const marks = new Set(marksOf(dialect));
  return createAnswerParser({
    dialect,
    isTokenMark: (mark) => hasTokens && marks.has(mark),
    startsIn: "answer",
    isTrimmed: false,
    calls: "none",
    isHeld: false,
    toolNames: new Set(["get_weather", "get_time"]),
    makeCallId: () => `id${ids++}`,
    ...rest,
  });
}

/** Marks between « and » are tokens, the rest is text: `«<think>»hm«</think>»`. */
function pieces(written: string): AnswerPiece[] {
  return written
    .split(/[«»]/)
    .map((text, i): AnswerPiece => (i % 2 === 0 ? { kind: "text", text } : { kind: "mark", mark: text }));
}

function read(settings: Settings, given: readonly AnswerPiece[]): AnswerPart[] {
  const parser = parserOf(settings);
  return joined([...given.flatMap((piece) => parser.push(piece)), ...parser.end()]);
}

/** Neighbours of one kind as one. */
function joined(parts: readonly AnswerPart[]): AnswerPart[] {
  const result: AnswerPart[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (last !== undefined && last.kind !== "tool-call" && part.kind === last.kind)
      result[result.length - 1] = { ...last, text: last.text + part.text };
    else result.push(part);
  }
  return result;
}

const text = (content: string) => ({ kind: "text", text: content });
const reasoning = (content: string) => ({ kind: "reasoning", text: content });
const call = (index: number, name: string, json: string) => [
  { kind: "tool-call", index, id: `id${index}`, name },
  { kind: "tool-arguments", index, text: json },
];

describe("answer parser", () => {
  it("tells a thought from the answer, without marks, label and the space around", () => {
    const gemma = pieces("«<|channel>»thought\nSeven and five.\n«<channel|>»12");
    expect(read({ dialect: gemma4 }, gemma)).toEqual([reasoning("Seven and five."), text("12")]);
    const qwen = pieces("«<think>»\nHm.\n\nSo.\n«</think>»\n\n12 \n");
    expect(read({ dialect: qwen3 }, qwen)).toEqual([reasoning("Hm.\n\nSo."), text("12 \n")]);
  });

  it("keeps a thought that only begins like its label", () => {
    const given = pieces("«<|channel>»thoughts come.«<channel|>»Yes.");
    expect(read({ dialect: gemma4 }, given)).toEqual([reasoning("thoughts come."), text("Yes.")]);
  });

  it("takes a thought that is cut off for a thought", () => {
    expect(read({ dialect: gemma4 }, pieces("«<|channel>»thought\nI am still "))).toEqual([
      reasoning("I am still"),
    ]);
    expect(read({ dialect: qwen3, startsIn: "thought" }, pieces("on it"))).toEqual([reasoning("on it")]);
  });

  it("takes marks that are tokens by their token alone", () => {
    const spelled = "It writes <|tool_call>call:get_weather{}<tool_call|> and <|channel>thought\n for that.";
    expect(read({ dialect: gemma4, calls: "held" }, pieces(spelled))).toEqual([text(spelled)]);
  });

  it("finds marks that come as text, but no thought in the middle of an answer", () => {
    const settings = { dialect: qwen3, hasTokens: false };
    const given = "<think>Hm.</think>\nThe tag <think> begins a thought, </think> ends it.";
    expect(read(settings, pieces(given))).toEqual([
      reasoning("Hm."),
      text("The tag <think> begins a thought, </think> ends it."),
    ]);
  });

  it("gives on calls that a grammar holds as they come", () => {
    const parser = parserOf({ dialect: qwen3, calls: "held" });
    const first = [...parser.push({ kind: "mark", mark: "<tool_call>" })];
    expect(first).toEqual([]);
    expect(parser.push({ kind: "text", text: '\n{"name": "get_wea' })).toEqual([]);
    expect(parser.push({ kind: "text", text: 'ther", "arguments": {"city": "Os' })).toEqual(
      call(0, "get_weather", '{"city": "Os'),
    );
    expect(parser.push({ kind: "text", text: 'lo {"}}\n' })).toEqual([
      { kind: "tool-arguments", index: 0, text: 'lo {"}' },
    ]);
    expect(parser.push({ kind: "mark", mark: "</tool_call>" })).toEqual([]);
    expect(parser.calls).toEqual([{ name: "get_weather", argumentsJson: '{"city": "Oslo {"}' }]);
  });

  it("reads several calls after text and a thought", () => {
    const given = pieces(
      '«<think>»Two.«</think>»I look.\n«<tool_call>»\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n«</tool_call>»\n«<tool_call>»\n{"name": "get_time", "arguments": {}}\n«</tool_call>»',
    );
    expect(read({ dialect: qwen3, calls: "held" }, given)).toEqual([
      reasoning("Two."),
      text("I look."),
      ...call(0, "get_weather", '{"city": "Oslo"}'),
      ...call(1, "get_time", "{}"),
    ]);
  });

  it("reads Gemma's calls", () => {
    const given = pieces(
      '«<|tool_call>»call:get_weather{city:«<|"|>»Os"lo«<|"|>»,days:3}«<tool_call|>»«<|tool_call>»call:get_time{}«<tool_call|>»',
    );
    const parts = read({ dialect: gemma4, calls: "held" }, given);
    expect(parts.map((part) => ("text" in part ? JSON.parse(part.text) : part.name))).toEqual([
      "get_weather",
      { city: 'Os"lo', days: 3 },
      "get_time",
      {},
    ]);
  });

  it("takes the mark that ends a call for text, where a grammar let it into a string", () => {
    const given = pieces(
      '«<|tool_call>»call:get_weather{city:«<|"|>»Os«<tool_call|>»lo«<|"|>»}«<tool_call|>»',
    );
    expect(read({ dialect: gemma4, calls: "held" }, given)).toEqual([
      ...call(0, "get_weather", '{"city":"Os<tool_call|>lo"}'),
    ]);
  });

  it("begins neither a thought nor a call in the middle of an answer that a grammar holds", () => {
    const given = pieces('{"a": "x«<|channel>»y«<|tool_call>»z"}');
    expect(read({ dialect: gemma4, calls: "held", isHeld: true }, given)).toEqual([text('{"a": "xyz"}')]);
  });

  it("gives on a call that no grammar held when it is whole, and as text when it is none", () => {
    const settings = { dialect: qwen3, calls: "free", hasTokens: false } as const;
    const whole = '<tool_call>{"name":"get_time","arguments":{"zone":"UTC"}}</tool_call>';
    expect(read(settings, pieces(whole))).toEqual(call(0, "get_time", '{"zone":"UTC"}'));
    for (const broken of [
      '<tool_call>{"name":"get_time","argum</tool_call>',
      '<tool_call>{"name":"other","arguments":{}}</tool_call>',
      '<tool_call>{"name":"get_time"',
    ])
      expect(read(settings, pieces(broken))).toEqual([text(broken)]);
  });

  it("leaves calls alone where none are asked for", () => {
    const given = '<tool_call>{"name":"get_time","arguments":{}}</tool_call>';
    expect(read({ dialect: qwen3, hasTokens: false }, pieces(given))).toEqual([text(given)]);
  });

  it("takes an answer that is a call as a whole for one", () => {
    const llama = '{"name": "get_time", "parameters": {"zone": "UTC"}}';
    expect(read({ dialect: llama3, calls: "free" }, pieces(llama))).toEqual(
      call(0, "get_time", '{"zone":"UTC"}'),
    );
    const two =
      '{"tool_call": {"name": "get_time", "arguments": {\n"zone": "a"}}}\n{"tool_call": {"name": "get_weather", "arguments": {}}}';
    expect(read({ dialect: generic, calls: "free" }, pieces(two))).toEqual([
      ...call(0, "get_time", '{"zone":"a"}'),
      ...call(1, "get_weather", "{}"),
    ]);
    for (const other of [
      '{"zone": "UTC"}',
      '{"name": "get_time", "parameters": {"zo',
      "{ curly }",
      "plain {",
    ])
      expect(read({ dialect: llama3, calls: "free" }, pieces(other))).toEqual([text(other)]);
  });
});

const words = fc.array(
  fc.oneof(
    fc.constantFrom(" ", "\n", "thought\n", "a b", "{", "}", '"', "<", "|", "think", ">", "😀", "\\"),
    fc.string({ maxLength: 4 }),
  ),
  { maxLength: 6 },
);
const plainText = words.map((all) => all.join("").replace(/[«»]/g, ""));
/** Gemma's strings know no escapes: none holds their mark. */
const value = fc.jsonValue({ maxDepth: 2 }).filter((made) => !/<\||«|»/.test(JSON.stringify(made)));
const values = fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), value, { maxKeys: 3 });

/** An answer as a model could write it, with the marks of the dialect. */
const answers = fc.record({
  thought: fc.option(plainText, { nil: undefined }),
  content: plainText,
  calls: fc.array(fc.record({ name: fc.constantFrom("get_weather", "get_time"), values }), { maxLength: 2 }),
});

function cut(text: string, places: readonly number[]): AnswerPiece[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [...at, text.length].map((end, i) => ({ kind: "text", text: text.slice(at[i - 1] ?? 0, end) }));
}

const cutAnywhere = (given: readonly AnswerPiece[], places: readonly number[]) =>
  given.flatMap((piece) => (piece.kind === "text" ? cut(piece.text, places) : [piece]));

describe("answer parser, with any answer", () => {
  it("gives the same however the answer was cut", () => {
    const dialects = fc.constantFrom(
      { dialect: qwen3, calls: "held" } as const,
      { dialect: gemma4, calls: "held" } as const,
      { dialect: qwen3, calls: "free", hasTokens: false } as const,
      { dialect: qwen3, calls: "none" } as const,
      { dialect: llama3, calls: "free" } as const,
      { dialect: generic, calls: "free", isTrimmed: true } as const,
    );
    fc.assert(
      fc.property(dialects, answers, fc.array(fc.nat(200), { maxLength: 12 }), (settings, answer, places) => {
        const given = pieces(written(answer, settings.dialect, !("hasTokens" in settings)));
        expect(read(settings, cutAnywhere(given, places))).toEqual(read(settings, given));
      }),
      { numRuns: 200 },
    );
  });

  it.each([qwen3, gemma4])("lets no mark of $name through and gives whole arguments", (dialect) => {
    fc.assert(
      fc.property(answers, fc.array(fc.nat(200), { maxLength: 12 }), (answer, places) => {
        const given = pieces(written(answer, dialect, true));
        const parts = read({ dialect, calls: "held" }, cutAnywhere(given, places));
        const args = parts.flatMap((part) => (part.kind === "tool-arguments" ? [JSON.parse(part.text)] : []));
        expect(args).toEqual(answer.calls.map((each) => JSON.parse(JSON.stringify(each.values))));
        const said = parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("");
        expect(said.trim()).toBe(answer.content.trim());
        const thought = parts.flatMap((part) => (part.kind === "reasoning" ? [part.text] : [])).join("");
        expect(thought).toBe((answer.thought ?? "").trim());
      }),
      { numRuns: 200 },
    );
  });
});

type Answer = typeof answers extends fc.Arbitrary<infer T> ? T : never;

function written(
  { thought, content, calls }: Answer,
  { call: form, ...dialect }: Dialect,
  hasTokens: boolean,
) {
  const mark = (text: string | undefined) => (hasTokens ? `«${text}»` : (text ?? ""));
  const thinking = thought !== undefined && dialect.thought !== undefined;
  return [
    thinking
      ? `${mark(dialect.thought?.open)}${dialect.thought?.label}${thought}${mark(dialect.thought?.close)}`
      : "",
    content,
    ...calls.map(({ name, values: given }) => {
      if (form.syntax === "gemma")
        return `${mark(form.marks?.open)}call:${name}${gemma(given)}${mark(form.marks?.close)}`;
      const body = `${form.head}${name}${form.afterName}${JSON.stringify(given).replace(/[«»]/g, "")}${form.tail}`;
      return form.marks === undefined ? body : `${mark(form.marks.open)}${body}${mark(form.marks.close)}`;
    }),
  ].join("");
}

function gemma(given: unknown): string {
  if (typeof given === "string") return `«<|"|>»${given}«<|"|>»`;
  if (Array.isArray(given)) return `[${given.map(gemma).join(",")}]`;
  if (typeof given !== "object" || given === null) return JSON.stringify(given);
  const members = Object.entries(given).map(
    ([key, member]) => `${/^[a-z]+$/.test(key) ? key : gemma(key)}:${gemma(member)}`,
  );
  return `{${members.join(",")}}`;
}
