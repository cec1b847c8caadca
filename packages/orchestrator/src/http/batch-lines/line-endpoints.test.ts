import type { InferenceDelta } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { BatchEndpoint } from "../../core/batches/batch.ts";
import type { CollectedPart, LinePlan } from "../../ports/line-endpoint.ts";
import { createLineEndpoints } from "./line-endpoints.ts";

const endpoints = createLineEndpoints();
const identity = { name: "abc", seed: 7, createdAtSeconds: 1_700_000_000 };
const plan = (endpoint: BatchEndpoint, body: unknown) => endpoints.plan(endpoint, body, identity);
const messages = [{ role: "user", content: "hello" }];

const end: CollectedPart["end"] = {
  kind: "end",
  reason: "stop",
  usage: { promptTokens: 3, cachedTokens: 1, completionTokens: 2, reasoningTokens: 0 },
  timings: { prefillMs: 1, decodeMs: 1 },
  source: { workerId: "w", workerName: "lab", epoch: 1 },
};

/** The body that a plan words, where each of its parts gives these deltas. */
function worded({ parts, word }: LinePlan, deltas: readonly InferenceDelta[]): unknown {
  return word(
    parts.map(({ begin, add }) => {
      const state = begin();
      for (const delta of deltas) add(state, delta);
      return { state, end };
    }),
  );
}

const said: readonly InferenceDelta[] = [
  { kind: "text", text: "Good ", tokens: 1 },
  { kind: "text", text: "day.", tokens: 1 },
];

describe("a line", () => {
  it("of chat completions is worded as over HTTP, the same again when it is run again", () => {
    const body = { model: "m", messages, n: 2, max_tokens: 5 };
    const planned = plan("/v1/chat/completions", body);
    const answer = worded(planned, said);
    const choice = (index: number) => ({
      index,
      message: { role: "assistant", content: "Good day.", refusal: null },
      logprobs: null,
      finish_reason: "stop",
    });
    expect(answer).toMatchObject({
      id: "chatcmpl-abc",
      object: "chat.completion",
      created: 1_700_000_000,
      model: "m",
      system_fingerprint: "muster-lab",
      choices: [choice(0), choice(1)],
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    });
    expect(worded(plan("/v1/chat/completions", body), said)).toEqual(answer);
    expect(planned).toMatchObject({ model: "m", needs: new Set(["chat"]), maxTokens: 10, promptLength: 10 });
    expect(planned.parts.map(({ request }) => request)).toMatchObject([
      { task: "generate", maxTokens: 5, sampling: { seed: 7 } },
      { task: "generate", maxTokens: 5, sampling: { seed: 8 } },
    ]);
  });

  it("of completions has a part for each prompt", () => {
    const planned = plan("/v1/completions", { model: "m", prompt: ["a", "bc"], echo: true });
    expect(planned.parts).toHaveLength(2);
    expect(planned).toMatchObject({ promptLength: 3, maxTokens: 32, needs: new Set(["completion"]) });
    expect(worded(planned, said)).toMatchObject({
      id: "cmpl-abc",
      choices: [
        { index: 0, text: "aGood day." },
        { index: 1, text: "bcGood day." },
      ],
    });
  });

  it("of responses has ids that are its own, and the same again", () => {
    const body = { model: "m", input: "hello" };
    const answer = worded(plan("/v1/responses", body), said);
    expect(answer).toMatchObject({
      id: "resp_abc",
      object: "response",
      status: "completed",
      created_at: 1_700_000_000,
      output: [{ type: "message", content: [{ type: "output_text", text: "Good day." }] }],
    });
    expect(JSON.stringify(answer)).toContain('"msg_abc-0"');
    expect(worded(plan("/v1/responses", body), said)).toEqual(answer);
  });

  it("of embeddings has its vectors in the order of its inputs, in both encodings", () => {
    const asked = { model: "m", input: ["a", "b"] };
    const vectors: readonly InferenceDelta[] = [
      { kind: "embedding", index: 1, values: [0, 1], tokens: 0 },
      { kind: "embedding", index: 0, values: [1, 0], tokens: 0 },
    ];
    const planned = plan("/v1/embeddings", asked);
    expect(planned).toMatchObject({ isDeterministic: true, maxTokens: 0, needs: new Set(["embedding"]) });
    expect(worded(planned, vectors)).toMatchObject({
      object: "list",
      data: [
        { index: 0, embedding: [1, 0] },
        { index: 1, embedding: [0, 1] },
      ],
    });
    expect(worded(plan("/v1/embeddings", { ...asked, encoding_format: "base64" }), vectors)).toMatchObject({
      data: [{ embedding: "AACAPwAAAAA=" }, { embedding: "AAAAAAAAgD8=" }],
    });
    const tooMany = plan("/v1/embeddings", { ...asked, dimensions: 3 });
    expect(() => worded(tooMany, vectors)).toThrow(/dimensions/);
  });

  it("is deterministic at temperature 0, or with a seed of its own", () => {
    const of = (more: object) =>
      plan("/v1/chat/completions", { model: "m", messages, ...more }).isDeterministic;
    expect(of({})).toBe(false);
    expect(of({ temperature: 0 })).toBe(true);
    expect(of({ seed: 0 })).toBe(true);
    expect(of({ seed: null })).toBe(false);
  });

  it("begins with what others may share: all but the last message, or the first 1,024 characters", () => {
    const leading = (...given: readonly [role: string, content: string][]) =>
      plan("/v1/chat/completions", {
        model: "m",
        messages: given.map(([role, content]) => ({ role, content })),
      }).leading;
    const system = "s".repeat(1_500);
    expect(leading(["system", system], ["user", "a"])).toBe(leading(["system", system], ["user", "b"]));
    const shared = "u".repeat(1_100);
    expect(leading(["user", `${shared}a`])).toBe(leading(["user", `${shared}b`]));
    expect(leading(["user", shared])).toHaveLength(1_024);
    expect(leading(["user", "short"])).not.toBe(leading(["user", "other"]));
    expect(leading(["system", "s".repeat(9_000)], ["user", "a"])).toHaveLength(2_048);
    const prompt = plan("/v1/completions", { model: "m", prompt: `${shared}a` });
    expect(prompt.leading).toHaveLength(1_024);
  });

  it("is worded with the model that it is run on, and sampled as its makers recommend", () => {
    const sampling = { temperature: 0.6, topK: 20, topP: 0.9 };
    const runOn = { model: "qwen3-8b", sampling };
    const on = (endpoint: BatchEndpoint, body: object) =>
      endpoints.plan(endpoint, { model: "qwen-3", ...body }, { ...identity, runOn });
    const bodies: readonly [BatchEndpoint, object][] = [
      ["/v1/chat/completions", { messages }],
      ["/v1/completions", { prompt: "a" }],
      ["/v1/responses", { input: "a" }],
    ];
    for (const [endpoint, body] of bodies) {
      const planned = on(endpoint, body);
      expect(planned.model).toBe("qwen3-8b");
      expect(worded(planned, said)).toMatchObject({ model: "qwen3-8b" });
      expect(planned.parts[0]?.request).toMatchObject({ sampling: { ...sampling, seed: 7 } });
      const own = on(endpoint, { ...body, temperature: 0, top_p: 1 });
      expect(own.parts[0]?.request).toMatchObject({ sampling: { temperature: 0, topK: 20, topP: 1 } });
    }
    expect(on("/v1/embeddings", { input: "a" }).model).toBe("qwen3-8b");
  });

  it("that asks for a stream is refused on every endpoint", () => {
    const bodies: readonly [BatchEndpoint, object][] = [
      ["/v1/chat/completions", { model: "m", messages }],
      ["/v1/completions", { model: "m", prompt: "a" }],
      ["/v1/responses", { model: "m", input: "a" }],
      ["/v1/embeddings", { model: "m", input: "a" }],
    ];
    for (const [endpoint, body] of bodies) {
      expect(() => plan(endpoint, { ...body, stream: true })).toThrow(/"stream" is wrong/);
      expect(() => plan(endpoint, { ...body, stream: false })).not.toThrow();
    }
  });

  it("that fails is told of with the status and the body of its endpoint", () => {
    let thrown: unknown;
    try {
      plan("/v1/chat/completions", { model: "m" });
    } catch (error) {
      thrown = error;
    }
    expect(endpoints.failure(thrown)).toMatchObject({
      status: 400,
      body: { error: { type: "invalid_request_error", param: "messages", code: "invalid_request" } },
    });
    const unknown = endpoints.failure(new Error("a path: /secret"));
    expect(unknown.status).toBe(500);
    expect(JSON.stringify(unknown.body)).not.toContain("secret");
  });
});
