import { type GenerateRequest, systemClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { chatRequest, greedy } from "../../../ports/engine.contract.ts";
import { toUpstreamRequest } from "./generate-body.ts";
import type { Upstream, UpstreamKind } from "./upstream.ts";

function upstream(kind: UpstreamKind): Upstream {
  const target = { baseUrl: "http://127.0.0.1:1", clock: systemClock };
  return {
    kind,
    name: "it",
    api: target,
    root: target,
    model: "m",
    keyAdvice: "",
    silenceMs: 1,
    scores: "probability",
  };
}

const bodyFor = (kind: UpstreamKind, rest: Partial<GenerateRequest>) =>
  toUpstreamRequest(chatRequest("hi", rest), upstream(kind)).body;

const tools = {
  definitions: [{ name: "f", description: "does f", parameters: { type: "object" } }, { name: "g" }],
  choice: { kind: "named", name: "g" },
  isParallel: false,
} as const;

describe("toUpstreamRequest", () => {
  it("asks for a stream with its usage, under the upstream's name of the model", () => {
    expect(toUpstreamRequest(chatRequest("hi", { stop: ["", "x"] }), upstream("other"))).toEqual({
      path: "/chat/completions",
      body: {
        model: "m",
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: "user", content: "hi" }],
        temperature: 0,
        top_p: 1,
        seed: 7,
        frequency_penalty: 0,
        presence_penalty: 0,
        max_tokens: 24,
        stop: ["x"],
      },
    });
  });

  it("keeps tenants' beginnings apart in the words of the servers that can", () => {
    const cacheSalt = "0123456789abcdef";
    const body = (kind: UpstreamKind, mayShare: boolean) =>
      toUpstreamRequest(chatRequest("hi", { cacheSalt }), upstream(kind), mayShare).body;
    for (const kind of ["vllm", "muster"] as const) expect(body(kind, true)["cache_salt"]).toBe(cacheSalt);
    expect(body("llama-server", true)).not.toHaveProperty("cache_prompt");
    expect(body("llama-server", false)["cache_prompt"]).toBe(false);
    for (const kind of ["other", "ollama"] as const)
      expect(Object.keys(body(kind, false)).join()).not.toMatch(/cache/);
  });

  it("sends fields beyond OpenAI's only to servers that know them", () => {
    const sampling = { ...greedy, topK: 3, minP: 0.1, repetitionPenalty: 1.5 };
    expect(bodyFor("vllm", { sampling })).toMatchObject({ top_k: 3, min_p: 0.1, repetition_penalty: 1.5 });
    expect(bodyFor("llama-server", { sampling })).toMatchObject({
      top_k: 3,
      min_p: 0.1,
      repeat_penalty: 1.5,
    });
    for (const kind of ["other", "ollama"] as const) {
      expect(Object.keys(bodyFor(kind, { sampling })).join()).not.toMatch(/top_k|min_p|repeat|repetition/);
    }
  });

  it("keeps every seed a seed", () => {
    const sampling = { ...greedy, seed: 0xffff_ffff };
    expect(bodyFor("llama-server", { sampling })["seed"]).toBe(0xffff_fffe);
    expect(bodyFor("vllm", { sampling })["seed"]).toBe(0xffff_ffff);
  });

  it("names a tool in OpenAI's way, and for llama-server by leaving the others out", () => {
    const g = { type: "function", function: { name: "g", parameters: { type: "object", properties: {} } } };
    expect(bodyFor("vllm", { tools })).toMatchObject({
      tools: [{ function: { name: "f", description: "does f", parameters: { type: "object" } } }, g],
      tool_choice: { type: "function", function: { name: "g" } },
      parallel_tool_calls: false,
    });
    expect(bodyFor("llama-server", { tools })).toMatchObject({ tools: [g], tool_choice: "required" });
  });

  it("switches thoughts as each server has it", () => {
    const on = { thinking: { mode: "on", budgetTokens: 64 } } as const;
    expect(bodyFor("llama-server", on)).toMatchObject({
      chat_template_kwargs: { enable_thinking: true },
      thinking_budget_tokens: 64,
    });
    expect(bodyFor("vllm", { thinking: { mode: "off" } })).toMatchObject({
      chat_template_kwargs: { enable_thinking: false },
    });
    expect(bodyFor("muster", on)).toMatchObject({ reasoning: { enabled: true, max_tokens: 64 } });
    expect(bodyFor("ollama", { thinking: { mode: "off" } })).toMatchObject({ reasoning_effort: "none" });
    expect(Object.keys(bodyFor("other", on)).join()).not.toMatch(/think|reason|kwargs/);
    expect(Object.keys(bodyFor("vllm", {})).join()).not.toMatch(/think|reason|kwargs/);
  });

  it("asks for a schema, for probabilities and for biases", () => {
    const schema = { type: "object", properties: {} };
    const body = bodyFor("vllm", {
      format: { kind: "json-schema", schema },
      topLogprobs: 0,
      sampling: { ...greedy, logitBias: [{ tokenId: 12, bias: -100 }] },
    });
    expect(body).toMatchObject({
      response_format: { type: "json_schema", json_schema: { schema } },
      logprobs: true,
      top_logprobs: 0,
      logit_bias: { "12": -100 },
    });
  });

  it("continues a text through completions", () => {
    const prompt = { kind: "text", text: "Once" } as const;
    const request = { ...chatRequest(""), prompt, topLogprobs: 2, format: { kind: "json-object" } as const };
    const { path, body } = toUpstreamRequest(request, upstream("llama-server"));
    expect(path).toBe("/completions");
    expect(body).toMatchObject({ prompt: "Once", logprobs: 2, json_schema: { type: "object" } });
    expect(toUpstreamRequest(request, upstream("vllm")).body).toMatchObject({
      response_format: { type: "json_object" },
    });
  });

  it("writes tools' calls and results, thoughts and media", () => {
    const messages = [
      {
        role: "user",
        content: "ab",
        media: [
          { kind: "audio", mediaType: "audio/mpeg", base64: "BB", at: 2 },
          { kind: "image", mediaType: "image/png", base64: "AA", at: 1 },
        ],
      },
      {
        role: "assistant",
        content: "",
        reasoning: "hm",
        toolCalls: [{ id: "c", name: "f", argumentsJson: '{"a":1}' }],
      },
      { role: "tool", content: "7", toolCallId: "c", name: "f" },
    ] as const;
    const { body } = toUpstreamRequest(
      { ...chatRequest(""), prompt: { kind: "chat", messages } },
      upstream("vllm"),
    );
    expect(body["messages"]).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "a" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AA" } },
          { type: "text", text: "b" },
          { type: "input_audio", input_audio: { data: "BB", format: "mp3" } },
        ],
      },
      {
        role: "assistant",
        content: null,
        reasoning_content: "hm",
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: '{"a":1}' } }],
      },
      { role: "tool", content: "7", name: "f", tool_call_id: "c" },
    ]);
  });
});
