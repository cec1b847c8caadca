import { describe, expect, it } from "vitest";
import { createChunkReader } from "./chunk-reader.ts";

const measured = { prefillMs: 5, decodeMs: 7 };

function readAll(chunks: readonly Record<string, unknown>[], topLogprobs?: number) {
  let ids = 0;
  const reader = createChunkReader({ topLogprobs, newCallId: () => `call_${++ids}` });
  const deltas = chunks.flatMap((chunk) => reader.read(chunk));
  const { deltas: last, ...end } = reader.finish(measured);
  return { deltas: [...deltas, ...last], end, hasEnded: reader.hasEnded };
}

const chunk = (delta: Record<string, unknown>, finish: string | null = null, more = {}) => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});
const usage = (completion: number, more = {}) => ({
  choices: [],
  usage: { prompt_tokens: 9, completion_tokens: completion, ...more },
});
const call = (fields: Record<string, unknown>) => chunk({ tool_calls: [fields] });

describe("createChunkReader", () => {
  it("reads text, its end, and a usage that comes last with no choices", () => {
    const { deltas, end } = readAll([
      chunk({ role: "assistant", content: null }),
      chunk({ content: "Hel" }),
      chunk({ content: "lo" }),
      chunk({}, "stop"),
      usage(2, { prompt_tokens_details: { cached_tokens: 4 } }),
    ]);
    expect(deltas).toEqual([
      { kind: "text", text: "Hel", tokens: 1 },
      { kind: "text", text: "lo", tokens: 1 },
    ]);
    expect(end).toEqual({
      reason: "stop",
      usage: { promptTokens: 9, cachedTokens: 4, completionTokens: 2 },
      timings: measured,
    });
  });

  it("tells which stop text came, where the upstream says so", () => {
    const ending = { choices: [{ index: 0, delta: {}, finish_reason: "stop", stop_reason: "END" }] };
    expect(readAll([chunk({ content: "a" }), ending]).end).toMatchObject({ reason: "stop", stopText: "END" });
    const byToken = { choices: [{ index: 0, delta: {}, finish_reason: "stop", stop_reason: 106 }] };
    expect(readAll([chunk({ content: "a" }), byToken]).end).not.toHaveProperty("stopText");
  });

  it("adds up to the usage with a last, empty piece", () => {
    const { deltas } = readAll([chunk({ content: "three tokens" }), chunk({}, "stop"), usage(4)]);
    expect(deltas).toEqual([
      { kind: "text", text: "three tokens", tokens: 1 },
      { kind: "text", text: "", tokens: 3 },
    ]);
  });

  it("counts what llama-server's timings say", () => {
    const timed = (n: number) => ({ timings: { predicted_n: n, prompt_ms: 11, predicted_ms: 22 } });
    const { deltas, end } = readAll([
      chunk({ content: "a" }, null, timed(3)),
      chunk({ content: "b" }, null, timed(4)),
      chunk({}, "length"),
      { ...usage(4), ...timed(4) },
    ]);
    expect(deltas.map(({ tokens }) => tokens)).toEqual([3, 1]);
    expect(end.timings).toEqual({ prefillMs: 11, decodeMs: 22 });
    expect(end.reason).toBe("length");
  });

  it("counts what vLLM's running usage says", () => {
    const running = (n: number) => ({ usage: { prompt_tokens: 9, completion_tokens: n } });
    const { deltas, end } = readAll([
      chunk({ content: "abc" }, null, running(3)),
      chunk({ content: "d" }, "stop", running(5)),
      usage(5),
    ]);
    expect(deltas.map(({ tokens }) => tokens)).toEqual([3, 2]);
    expect(end.usage.completionTokens).toBe(5);
  });

  it("counts for itself where there is no usage", () => {
    const { end } = readAll([chunk({ content: "a" }), chunk({ content: "b" }, "stop")]);
    expect(end.usage).toEqual({ promptTokens: 0, cachedTokens: 0, completionTokens: 2 });
  });

  it.each(["reasoning_content", "reasoning"])("takes %s for thought", (field) => {
    const { deltas, end } = readAll([chunk({ [field]: "Hm." }), chunk({ content: "Yes." }, "stop")]);
    expect(deltas).toEqual([
      { kind: "reasoning", text: "Hm.", tokens: 1 },
      { kind: "text", text: "Yes.", tokens: 1 },
    ]);
    expect(end.usage.reasoningTokens).toBe(1);
  });

  it("reads a call that comes in fragments", () => {
    const { deltas, end } = readAll([
      call({ index: 0, id: "c1", type: "function", function: { name: "f", arguments: "" } }),
      call({ index: 0, function: { arguments: '{"a"' } }),
      call({ index: 0, function: { arguments: ":1}" } }),
      chunk({}, "tool_calls"),
    ]);
    expect(deltas).toEqual([
      { kind: "tool-call", index: 0, id: "c1", name: "f", tokens: 1 },
      { kind: "tool-arguments", index: 0, text: '{"a"', tokens: 1 },
      { kind: "tool-arguments", index: 0, text: ":1}", tokens: 1 },
    ]);
    expect(end.reason).toBe("tool_calls");
  });

  it("reads whole calls in one delta, although the end is called stop", () => {
    const { deltas, end } = readAll([
      chunk({
        tool_calls: [
          { id: "c1", index: 0, function: { name: "f", arguments: '{"a":1}' } },
          { id: "c2", index: 1, function: { name: "g", arguments: { b: 2 } } },
        ],
      }),
      chunk({}, "stop"),
    ]);
    expect(deltas).toEqual([
      { kind: "tool-call", index: 0, id: "c1", name: "f", tokens: 1 },
      { kind: "tool-arguments", index: 0, text: '{"a":1}', tokens: 0 },
      { kind: "tool-call", index: 1, id: "c2", name: "g", tokens: 0 },
      { kind: "tool-arguments", index: 1, text: '{"b":2}', tokens: 0 },
    ]);
    expect(end.reason).toBe("tool_calls");
  });

  it.each([
    ["always index 0", { index: 0, id: "x" }, { index: 0, id: "y" }],
    ["no index", { id: "x" }, { id: "y" }],
    ["neither index nor id", {}, {}],
    ["no id", { index: 0 }, { index: 1 }],
  ])("tells two calls apart that have %s", (_name, first, second) => {
    const { deltas } = readAll([
      call({ ...first, function: { name: "f", arguments: "{}" } }),
      call({ ...second, function: { name: "f" } }),
      chunk({}, "tool_calls"),
    ]);
    const calls = deltas.filter((delta) => delta.kind === "tool-call");
    expect(calls.map(({ index }) => index)).toEqual([0, 1]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
    const given = deltas.filter((delta) => delta.kind === "tool-arguments");
    // A call without arguments has an empty object of them.
    expect(given.map(({ index, text }) => [index, text])).toEqual([
      [0, "{}"],
      [1, "{}"],
    ]);
  });

  it("reads probabilities in chat's shape, no more alternatives than asked for", () => {
    const token = (text: string, logprob: number, top: readonly [string, number][]) => ({
      token: text,
      logprob,
      top_logprobs: top.map(([each, value]) => ({ token: each, logprob: value })),
    });
    const logprobs = {
      content: [
        token("a", -1, [
          ["b", -2],
          ["a", -1],
        ]),
        token("c", -3, []),
      ],
    };
    const { deltas } = readAll(
      [{ choices: [{ delta: { content: "ac" }, logprobs, finish_reason: "length" }] }],
      1,
    );
    expect(deltas).toEqual([
      {
        kind: "text",
        text: "ac",
        tokens: 2,
        logprobs: [
          { text: "a", logprob: -1, top: [{ text: "a", logprob: -1 }] },
          { text: "c", logprob: -3, top: [] },
        ],
      },
    ]);
  });

  it("reads probabilities in the old shape of completions", () => {
    const logprobs = { tokens: ["a"], token_logprobs: [-1], top_logprobs: [{ a: -1, b: -2 }] };
    const { deltas } = readAll([{ choices: [{ text: "a", logprobs, finish_reason: "stop" }] }], 2);
    expect(deltas[0]).toMatchObject({
      text: "a",
      logprobs: [
        {
          text: "a",
          top: [
            { text: "a", logprob: -1 },
            { text: "b", logprob: -2 },
          ],
        },
      ],
    });
  });

  it("knows that an answer without a finish reason broke off", () => {
    expect(readAll([chunk({ content: "a" })]).hasEnded).toBe(false);
    expect(readAll([chunk({ content: "a" }, "stop")]).hasEnded).toBe(true);
  });
});
