import type { GenerateRequest, InferenceDelta, InferenceRequest, ToolUse } from "@muster/base";
import { describe, expect, it } from "vitest";
import { chatRequest, greedy, readAnswer } from "../../ports/engine.contract.ts";
import { createStubEngine } from "./engine.ts";
import { minimalInstance } from "./minimal-instance.ts";

const never = new AbortController().signal;

function load(modelPath = "stub:m") {
  return createStubEngine().load(
    { modelPath, slots: 4, contextTokens: undefined, threads: undefined, gpu: "auto" },
    { signal: never, onProgress: () => {} },
  );
}

async function ask(content: string, rest: Partial<GenerateRequest> = {}) {
  const { events, end, text } = await readAnswer(await load(), chatRequest(content, rest));
  const join = (kind: InferenceDelta["kind"]) =>
    events.map((event) => (event.kind === kind && "text" in event ? event.text : "")).join("");
  const calls = events.filter((event) => event.kind === "tool-call");
  return { text, end, calls, reasoning: join("reasoning"), argumentsText: join("tool-arguments"), events };
}

async function deltasOf(request: InferenceRequest) {
  const deltas = [];
  for await (const event of (await load()).infer(request, never))
    if (event.kind !== "end") deltas.push(event);
  return deltas;
}

const weather: ToolUse = {
  definitions: [
    {
      name: "weather",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  ],
  choice: { kind: "auto" },
  isParallel: true,
};

describe("the stub", () => {
  it("thinks when it is told to, within its budget, and not when thinking is off", async () => {
    const asked = { maxTokens: undefined };
    const answer = await ask("!think:so_it_is", asked);
    expect(answer.reasoning).toBe("so it is");
    expect(answer.end.usage).toMatchObject({ reasoningTokens: 3, completionTokens: 19 });
    const short = await ask("!think:so_it_is", { ...asked, thinking: { mode: "on", budgetTokens: 1 } });
    expect(short.reasoning).toBe("so");
    expect((await ask("!think:so_it_is", { ...asked, thinking: { mode: "off" } })).reasoning).toBe("");
  });

  it("calls the tools that the prompt names, if they are offered", async () => {
    const content = 'go !tool:weather{"city": "Os}lo", "in": {"a": 1}} and !tool:other{}';
    const answer = await ask(content, { tools: weather });
    expect(answer.calls).toMatchObject([{ index: 0, name: "weather" }]);
    expect(JSON.parse(answer.argumentsText)).toEqual({ city: "Os}lo", in: { a: 1 } });
    expect(answer).toMatchObject({ text: "", end: { reason: "tool_calls" } });
    expect((await ask(content, { tools: { ...weather, choice: { kind: "none" } } })).calls).toEqual([]);
  });

  it("makes a call that is required, of the smallest arguments", async () => {
    const answer = await ask("hello", { tools: { ...weather, choice: { kind: "required" } } });
    expect(JSON.parse(answer.argumentsText)).toEqual({ city: "" });
  });

  it("makes one call where calls in parallel are not wanted", async () => {
    const content = "!tool:weather{} !tool:weather{}";
    expect((await ask(content, { tools: weather })).calls).toHaveLength(2);
    expect((await ask(content, { tools: { ...weather, isParallel: false } })).calls).toHaveLength(1);
  });

  it("gives JSON where it is wanted, cut off where there is no room for it", async () => {
    expect(JSON.parse((await ask("hi there", { format: { kind: "json-object" } })).text)).toEqual({
      echo: "hi there",
    });
    const cut = await ask("hi there", { format: { kind: "json-object" }, maxTokens: 2 });
    expect(cut.end.reason).toBe("length");
  });

  it("reports a probability for each token of the text", async () => {
    const { events, text } = await ask("one two", { topLogprobs: 2, maxTokens: 5 });
    const logprobs = events.flatMap((event) => (event.kind === "text" ? (event.logprobs ?? []) : []));
    expect(logprobs.map((each) => each.text).join("")).toBe(text);
    expect(logprobs[0]?.top.map((each) => each.text)).toEqual(["one", "one~1"]);
  });

  it("leaves out words that a bias forbids", async () => {
    const [tokens] = await deltasOf({ task: "tokenize", prompt: { kind: "text", text: "two" } });
    if (tokens?.kind !== "token-ids") throw new Error("no ids");
    expect(tokens.ids[0]).toBeGreaterThanOrEqual(0);
    const logitBias = [{ tokenId: tokens.ids[0] ?? -1, bias: -100 }];
    expect((await ask("one two", { sampling: { ...greedy, logitBias }, maxTokens: 3 })).text).toBe(
      "one one one",
    );
  });

  it("gives vectors of length 1 that are nearer where more words are shared", async () => {
    const deltas = await deltasOf({ task: "embed", inputs: ["red cat", "red dog", "blue sky"] });
    const [a, b, c] = deltas.map((delta) => (delta.kind === "embedding" ? delta.values : []));
    const dot = (left: readonly number[] = [], right: readonly number[] = []) =>
      left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
    expect(dot(a, a)).toBeCloseTo(1);
    expect(dot(a, b)).toBeGreaterThan(dot(a, c));
  });

  it("scores documents by the words of the query that they have", async () => {
    const deltas = await deltasOf({
      task: "rerank",
      query: "red cat",
      documents: ["a red CAT", "a cat", "no"],
    });
    expect(deltas).toMatchObject([{ score: 1 }, { score: 0.5 }, { score: 0 }]);
  });

  it("refuses what stub:plain cannot do", async () => {
    const answer = readAnswer(await load("stub:plain"), chatRequest("x", { tools: weather }));
    await expect(answer).rejects.toMatchObject({ code: "unsupported" });
  });
});

describe("the smallest instance of a schema", () => {
  it("follows references, enums, alternatives and least lengths", () => {
    const schema = {
      type: "object",
      properties: {
        colour: { enum: ["red", "blue"] },
        list: { type: "array", items: { $ref: "#/$defs/n" }, minItems: 2 },
        either: { anyOf: [{ type: "null" }, { type: "string" }] },
        left: { type: "string" },
      },
      required: ["colour", "list", "either"],
      $defs: { n: { type: "integer", minimum: 3 } },
    };
    expect(minimalInstance(schema)).toEqual({ colour: "red", list: [3, 3], either: null });
  });

  it("refuses a schema that has no smallest instance", () => {
    const schema = {
      $ref: "#/$defs/a",
      $defs: { a: { type: "object", properties: { a: { $ref: "#/$defs/a" } }, required: ["a"] } },
    };
    expect(() => minimalInstance(schema)).toThrow(/recursive/);
  });
});
