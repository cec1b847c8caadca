import { describe, expect, it } from "vitest";
import { parseBody } from "../../parsing/body.ts";
import { chatCompletionSchema, chatToGeneration } from "./chat-completions.ts";

const messages = [{ role: "user", content: "hi" }];

function generationOf(body: Record<string, unknown>) {
  return chatToGeneration(parseBody(chatCompletionSchema, { model: "m", messages, ...body }), 5);
}

describe("a chat request", () => {
  it("becomes a generation without what it does not ask for", () => {
    expect(generationOf({})).toEqual({
      task: "generate",
      prompt: { kind: "chat", messages: [{ role: "user", content: "hi" }] },
      sampling: expect.objectContaining({ seed: 5 }),
      maxTokens: undefined,
      stop: [],
    });
  });

  it("carries everything that it asks for", () => {
    const parameters = { type: "object", properties: {} };
    const generation = generationOf({
      max_tokens: 9,
      max_completion_tokens: 8,
      stop: "x",
      tools: [{ type: "function", function: { name: "f", description: "d", parameters, strict: true } }],
      tool_choice: { type: "function", function: { name: "f" } },
      parallel_tool_calls: false,
      response_format: { type: "json_schema", json_schema: { name: "n", schema: parameters } },
      reasoning_effort: "low",
      logprobs: true,
      top_logprobs: 3,
      logit_bias: { 7: 1 },
    });
    expect(generation).toMatchObject({
      maxTokens: 8,
      stop: ["x"],
      tools: {
        definitions: [{ name: "f", description: "d", parameters }],
        choice: { kind: "named", name: "f" },
        isParallel: false,
      },
      format: { kind: "json-schema", schema: parameters },
      thinking: { mode: "on", budgetTokens: 512 },
      topLogprobs: 3,
      sampling: { logitBias: [{ tokenId: 7, bias: 1 }] },
    });
  });

  it("takes a schema beside json_object, as some clients send it", () => {
    const format = generationOf({
      response_format: { type: "json_object", schema: { type: "array" } },
    }).format;
    expect(format).toEqual({ kind: "json-schema", schema: { type: "array" } });
    expect(generationOf({ response_format: { type: "json_object" } }).format).toEqual({
      kind: "json-object",
    });
    expect(generationOf({ response_format: { type: "text" } }).format).toBeUndefined();
  });

  it("puts messages into our form: developers, parts, thoughts, calls, results, pictures", () => {
    const png = Buffer.from("89504e470d0a1a0a00", "hex").toString("base64");
    const { prompt } = generationOf({
      messages: [
        { role: "developer", content: "be short" },
        {
          role: "user",
          name: "ann",
          content: [
            { type: "text", text: "look " },
            { type: "image_url", image_url: { url: `data:image/png;base64,${png}`, detail: "low" } },
            { type: "text", text: "here" },
          ],
        },
        {
          role: "assistant",
          reasoning: "hmm",
          tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "c1", content: "done" },
        { role: "assistant", content: [{ type: "refusal", refusal: "no" }], refusal: "no" },
      ],
    });
    expect(prompt).toEqual({
      kind: "chat",
      messages: [
        { role: "system", content: "be short" },
        {
          role: "user",
          name: "ann",
          content: "look here",
          media: [{ kind: "image", mediaType: "image/png", base64: png, at: 5 }],
        },
        {
          role: "assistant",
          content: "",
          reasoning: "hmm",
          toolCalls: [{ id: "c1", name: "f", argumentsJson: "{}" }],
        },
        { role: "tool", content: "done", toolCallId: "c1" },
        { role: "assistant", content: "no" },
      ],
    });
  });

  it("is refused with the field that is wrong", () => {
    const call = { id: "c", type: "function", function: { name: "f", arguments: "[" } };
    const cases: [Record<string, unknown>, string][] = [
      [{ messages: [{ role: "user", content: null }] }, "messages[0].content"],
      [{ messages: [{ role: "user", content: 3 }] }, "messages[0].content"],
      [{ messages: [{ role: "user", content: [{ type: "video" }] }] }, "messages[0].content[0].type"],
      [
        {
          messages: [
            { role: "user", content: "x", tool_calls: [] },
            { role: "tool", content: "x" },
          ],
        },
        "messages[1].tool_call_id",
      ],
      [
        { messages: [{ role: "assistant", tool_calls: [call] }] },
        "messages[0].tool_calls[0].function.arguments",
      ],
      [{ tools: [{ type: "custom", custom: { name: "f" } }] }, "tools[0].type"],
      [{ tools: [{ type: "function", function: { name: "a b" } }] }, "tools[0].function.name"],
      [{ tool_choice: "perhaps" }, "tool_choice"],
      [{ tool_choice: "required" }, "tool_choice"],
      [{ response_format: { type: "xml" } }, "response_format.type"],
      [
        { response_format: { type: "json_schema", json_schema: { schema: [] } } },
        "response_format.json_schema.schema",
      ],
      [{ top_logprobs: 21, logprobs: true }, "top_logprobs"],
      [{ top_logprobs: 1 }, "top_logprobs"],
      [{ logit_bias: { 1: 101 } }, "logit_bias.1"],
      [{ function_call: "auto" }, "function_call"],
      [{ modalities: ["text", "audio"] }, "modalities"],
      [{ reasoning: { max_tokens: -1 } }, "reasoning.max_tokens"],
    ];
    for (const [body, param] of cases) {
      let refused: unknown;
      try {
        generationOf(body);
      } catch (error) {
        refused = error;
      }
      expect({ body, error: refused }).toMatchObject({ body, error: { param } });
    }
  });
});
