import type { ToolChoice, ToolUse } from "@muster/base";
import { getLlama, type Llama, LlamaGrammar } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AnswerWishes, type GrammarPlan, planGrammar } from "./answer-grammar.ts";
import { chooseDialect, type Dialect } from "./dialect.ts";
import { templates } from "./dialects.fixture.ts";

const gemma4 = chooseDialect(templates.gemma4);
const qwen3 = chooseDialect(templates.qwen3);
const llama3 = chooseDialect(templates.llama3);
const generic = chooseDialect(templates.gemma3);

/** llama.cpp itself says which texts a grammar admits. */
let llama: Llama;
beforeAll(async () => {
  llama = await getLlama({ gpu: false, build: "never", skipDownload: true, maxThreads: 1 });
}, 30_000);
afterAll(() => llama.dispose());

function admits(grammar: string | undefined, text: string): boolean {
  const compiled = new LlamaGrammar(llama, { grammar: grammar ?? "" });
  return (compiled as unknown as { _testText(text: string): boolean })._testText(text);
}

const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const definitions = [{ name: "get_weather", parameters: city }, { name: "get_time" }];
const use = (choice: ToolChoice["kind"], isParallel = true): ToolUse => ({
  definitions,
  choice: choice === "named" ? { kind: "named", name: "get_time" } : { kind: choice },
  isParallel,
});
const noWishes: AnswerWishes = { tools: undefined, format: undefined };
const asText = () => undefined;
const asTokens = (mark: string) => ["<tool_call>", "</tool_call>", "<think>", "</think>"].indexOf(mark);

function plan(
  dialect: Dialect,
  wishes: Partial<AnswerWishes>,
  markToken = asText as (m: string) => number | undefined,
): GrammarPlan {
  return planGrammar(dialect, { ...noWishes, ...wishes }, markToken);
}

const oslo = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>';
const now = '<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>';

describe("grammar of an answer", () => {
  it("holds nothing where nothing is asked for", () => {
    expect(plan(qwen3, {})).toMatchObject({ answer: undefined, answerOrThought: undefined, call: undefined });
  });

  it("admits calls and nothing else where one is required", () => {
    const { answer } = plan(qwen3, { tools: use("required") });
    expect(admits(answer, oslo)).toBe(true);
    expect(admits(answer, `${oslo}\n${now}`)).toBe(true);
    expect(admits(answer, `\n\n${oslo}`)).toBe(true);
    for (const other of [
      "",
      "Hello",
      `${oslo} and`,
      oslo.replace("Oslo", 'Oslo", "x": "'),
      oslo.replace("city", "town"),
    ])
      expect(admits(answer, other)).toBe(false);
  });

  it("admits one call where several are not allowed, and the named tool only", () => {
    expect(admits(plan(qwen3, { tools: use("required", false) }).answer, `${oslo}\n${now}`)).toBe(false);
    const { answer } = plan(qwen3, { tools: use("named") });
    expect(admits(answer, now)).toBe(true);
    expect(admits(answer, oslo)).toBe(false);
  });

  it("begins after a call's mark where the answer is free, and only if the mark is one token", () => {
    const free = plan(qwen3, { tools: use("auto") });
    expect([free.answer, free.call]).toEqual([undefined, undefined]);
    const { answer, call } = plan(qwen3, { tools: use("auto") }, asTokens);
    expect(answer).toBeUndefined();
    expect(call).toContain('root ::= call ( "\\x0A" <[0]> call ){0,31}');
    expect(call).toMatch(/call ::= .* <\[1\]>/);
  });

  it("admits the schema's JSON, or calls beside it", () => {
    const format = { kind: "json-schema", schema: { enum: ["yes", "no"] } } as const;
    const alone = plan(qwen3, { format }).answer;
    expect(admits(alone, '"yes"')).toBe(true);
    expect(admits(alone, oslo)).toBe(false);
    const both = plan(qwen3, { format, tools: use("auto") }).answer;
    for (const text of ['"no"', oslo]) expect(admits(both, text)).toBe(true);
    expect(admits(both, "maybe")).toBe(false);
    expect(admits(plan(qwen3, { format, tools: use("none") }).answer, oslo)).toBe(false);
  });

  it("lets an answer begin with a thought where its marks are tokens", () => {
    const format = { kind: "json-object" } as const;
    expect(plan(qwen3, { format }, asTokens).answerOrThought).toMatch(/^root ::= <\[2\]> \| /);
    expect(plan(qwen3, { format }).answerOrThought).toBe(plan(qwen3, { format }).answer);
  });

  it("tells calls from text by their beginning where they have no marks", () => {
    const { answer } = plan(llama3, { tools: use("auto") });
    for (const text of ["", "Hello {you}", "\n", '{"name": "get_time", "parameters": {}}'])
      expect(admits(answer, text)).toBe(true);
    for (const text of [
      "{}",
      '{"name": "other", "parameters": {}}',
      '{"name": "get_time", "parameters": {}} so',
    ])
      expect(admits(answer, text)).toBe(false);
    expect(
      admits(plan(llama3, { tools: use("none") }).answer, '{"name": "get_time", "parameters": {}}'),
    ).toBe(false);
    const two = '{"tool_call": {"name": "get_time", "arguments": {}}}';
    expect(admits(plan(generic, { tools: use("auto") }).answer, `${two}\n${two}`)).toBe(true);
  });

  it("keeps an answer that may hold no call from looking like the rest of one", () => {
    const { answer } = plan(gemma4, { tools: use("none") });
    for (const text of ["", "c", "calls", "called: me", "Do call:get_time{}"])
      expect(admits(answer, text)).toBe(true);
    for (const text of ["call:", "call:get_time{}"]) expect(admits(answer, text)).toBe(false);
    expect(admits(plan(qwen3, { tools: use("none") }).answer, '{"name": "get_time"')).toBe(false);
  });

  it("writes Gemma's calls with its string mark", () => {
    const { answer } = plan(gemma4, { tools: use("required", false) });
    expect(admits(answer, '<|tool_call>call:get_weather{city:<|"|>Oslo<|"|>}<tool_call|>')).toBe(true);
    expect(admits(answer, "<|tool_call>call:get_weather{city:Oslo}<tool_call|>")).toBe(false);
  });

  it("admits any object where a tool's schema cannot be held to", () => {
    const odd = { name: "odd", parameters: { type: "object", not: { required: ["a"] } } };
    const tools: ToolUse = { definitions: [odd], choice: { kind: "required" }, isParallel: false };
    const { answer, looseTools } = plan(qwen3, { tools });
    expect([...looseTools]).toEqual(["odd"]);
    expect(admits(answer, '<tool_call>\n{"name": "odd", "arguments": {"a": [1]}}\n</tool_call>')).toBe(true);
  });

  it("refuses what can never be called", () => {
    const other: ToolUse = { ...use("auto"), choice: { kind: "named", name: "other" } };
    expect(() => plan(qwen3, { tools: other })).toThrow(
      expect.objectContaining({ code: "invalid_request", param: "tool_choice" }),
    );
    const text: ToolUse = { ...use("auto"), definitions: [{ name: "a", parameters: { type: "string" } }] };
    expect(() => plan(qwen3, { tools: text })).toThrow(
      expect.objectContaining({ code: "invalid_request", param: "tools" }),
    );
  });
});
