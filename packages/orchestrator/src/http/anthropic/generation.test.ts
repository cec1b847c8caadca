import type { ChatMessage, GenerateRequest } from "@muster/base";
import { describe, expect, it } from "vitest";
import { parseBody } from "../parsing/body.ts";
import { promptToCount } from "./count-tokens.ts";
import { messageToGeneration } from "./generation.ts";
import { messageSchema, promptSchema } from "./schema.ts";

const png = Buffer.from("\x89PNG\r\n\x1a\nrest", "latin1").toString("base64");
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
const user = (content: unknown) => ({ role: "user", content });
const call = { type: "tool_use", id: "t1", name: "look", input: { at: 1 } };
const result = { type: "tool_result", tool_use_id: "t1", content: "seen" };

function generation(fields: Record<string, unknown>): GenerateRequest {
  const body = { model: "m", max_tokens: 9, messages: [user("hi")], ...fields };
  return messageToGeneration(parseBody(messageSchema, body), 7);
}

function messages(given: readonly unknown[], fields: Record<string, unknown> = {}): readonly ChatMessage[] {
  const { prompt } = generation({ messages: given, ...fields });
  return prompt.kind === "chat" ? prompt.messages : [];
}

/** What is wrong with a request: the code and the field. */
function failure(fields: Record<string, unknown>): unknown {
  try {
    generation(fields);
  } catch (error) {
    const { code, param } = error as { code: string; param: string };
    return { code, param };
  }
  return undefined;
}

describe("the messages of Anthropic's API", () => {
  it("open with the system's text, without the note that Claude Code's billing changes each time", () => {
    const cache_control = { type: "ephemeral" };
    const system = [
      { type: "text", text: "x-anthropic-billing-header: cc_version=2.1; cch=abcde;" },
      { type: "text", text: "You help.", cache_control },
      { type: "text", text: "Be brief." },
    ];
    const given = [user([{ type: "text", text: "hi", cache_control }])];
    expect(messages(given, { system })).toEqual([
      { role: "system", content: "You help.\n\nBe brief." },
      { role: "user", content: "hi" },
    ]);
    expect(messages(given, { system: "You help." })[0]).toEqual({ role: "system", content: "You help." });
  });

  it("become turns: thoughts, text and calls of the assistant, results before what the user says", () => {
    const given = [
      user("look"),
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "I should.", signature: "" },
          { type: "redacted_thinking", data: "x" },
          { type: "text", text: "Looking." },
          call,
          { ...call, id: "t2", input: {} },
        ],
      },
      user([
        { type: "text", text: "Both," },
        result,
        { type: "tool_result", tool_use_id: "t2", content: [{ type: "text", text: "gone" }], is_error: true },
        { type: "text", text: "please." },
      ]),
    ];
    expect(messages(given)).toEqual([
      { role: "user", content: "look" },
      {
        role: "assistant",
        content: "Looking.",
        reasoning: "I should.",
        toolCalls: [
          { id: "t1", name: "look", argumentsJson: '{"at":1}' },
          { id: "t2", name: "look", argumentsJson: "{}" },
        ],
      },
      { role: "tool", toolCallId: "t1", content: "seen" },
      { role: "tool", toolCallId: "t2", content: "Error: gone" },
      { role: "user", content: "Both,\nplease." },
    ]);
  });

  it("say once that a result is an error", () => {
    const results = [
      { ...result, content: "error: no such file", is_error: true },
      { ...result, content: undefined, is_error: true },
    ];
    const given = [user("look"), { role: "assistant", content: [call] }, user(results)];
    expect(messages(given).map(({ content }) => content)).toEqual([
      "look",
      "",
      "error: no such file",
      "Error: ",
    ]);
  });

  it("keep images where they stand, and move those of results behind the results", () => {
    const given = [
      user([{ type: "text", text: "see" }, image]),
      { role: "assistant", content: [call] },
      user([{ ...result, content: [{ type: "text", text: "a" }, image] }]),
    ];
    const media = { kind: "image", mediaType: "image/png", base64: png };
    expect(messages(given)).toEqual([
      { role: "user", content: "see", media: [{ ...media, at: 3 }] },
      expect.objectContaining({ role: "assistant" }),
      { role: "tool", toolCallId: "t1", content: "a" },
      { role: "user", content: "", media: [{ ...media, at: 0 }] },
    ]);
  });

  const refused: readonly [string, Record<string, unknown>, { code?: string; param: string }][] = [
    ["no max_tokens", { max_tokens: undefined }, { param: "max_tokens" }],
    ["no messages", { messages: [] }, { param: "messages" }],
    ["an unknown role", { messages: [{ role: "wizard", content: "" }] }, { param: "messages[0].role" }],
    ["a document", { messages: [user([{ type: "document" }])] }, { param: "messages[0].content[0].type" }],
    [
      "an image elsewhere",
      { messages: [user([{ type: "image", source: { type: "url", url: "https://x/y.png" } }])] },
      { param: "messages[0].content[0].source.type" },
    ],
    [
      "an image that is none",
      { messages: [user([{ ...image, source: { ...image.source, data: "AAAA" } }])] },
      { param: "messages[0].content[0].source" },
    ],
    ["a result of no call", { messages: [user([result])] }, { param: "messages[0].content" }],
    [
      "words put into the model's mouth",
      { messages: [user("hi"), { role: "assistant", content: "{" }] },
      { code: "unsupported", param: "messages" },
    ],
    ["too many stop sequences", { stop_sequences: Array(17).fill("x") }, { param: "stop_sequences" }],
    ["a call of no tool", { tool_choice: { type: "any" } }, { param: "tool_choice" }],
  ];
  it.each(refused)("are refused with %s", (_what, fields, { code = "invalid_request", param }) => {
    expect(failure(fields)).toEqual({ code, param });
  });
});

describe("a message's tools and settings", () => {
  const look = { name: "look", description: "Looks.", input_schema: { type: "object" } };

  it("are the client's own tools; those of Anthropic are skipped", () => {
    const tools = [
      look,
      { type: "web_search_20250305", name: "web_search" },
      { ...look, type: "custom", name: "b" },
    ];
    expect(
      generation({ tools, tool_choice: { type: "auto", disable_parallel_tool_use: true } }).tools,
    ).toEqual({
      definitions: [
        { name: "look", description: "Looks.", parameters: { type: "object" } },
        { name: "b", description: "Looks.", parameters: { type: "object" } },
      ],
      choice: { kind: "auto" },
      isParallel: false,
    });
  });

  const choices: readonly [string, unknown][] = [
    ["any", { kind: "required" }],
    ["none", { kind: "none" }],
    ["tool", { kind: "named", name: "look" }],
  ];
  it.each(choices)("are chosen from by %s", (type, choice) => {
    expect(generation({ tools: [look], tool_choice: { type, name: "look" } }).tools).toMatchObject({
      choice,
    });
  });

  const thoughts: readonly [Record<string, unknown>, unknown][] = [
    [{}, { mode: "off" }],
    [{ thinking: { type: "disabled" } }, { mode: "off" }],
    [{ thinking: { type: "enabled", budget_tokens: 2000 } }, { mode: "on", budgetTokens: 2000 }],
    [{ thinking: { type: "adaptive" } }, { mode: "on" }],
    [
      { thinking: { type: "adaptive" }, output_config: { effort: "low" } },
      { mode: "on", budgetTokens: 512 },
    ],
    [{ output_config: { effort: "high" } }, { mode: "off" }],
  ];
  it.each(thoughts)("think as %j says", (fields, thinking) => {
    expect(generation(fields).thinking).toEqual(thinking);
  });

  it("say how to sample, when to stop and what shape an answer has", () => {
    const schema = { type: "object" };
    const asked = generation({
      temperature: 0,
      top_p: 0.5,
      top_k: 3,
      stop_sequences: ["END"],
      output_config: { format: { type: "json_schema", schema } },
    });
    expect(asked).toMatchObject({
      sampling: { temperature: 0, topP: 0.5, topK: 3, seed: 7 },
      maxTokens: 9,
      stop: ["END"],
      format: { kind: "json-schema", schema },
    });
  });
});

describe("what is counted of a request", () => {
  it("is its conversation and its tools, without images", () => {
    const tools = [{ name: "look", input_schema: { type: "object" } }];
    const body = {
      model: "m",
      system: "You help.",
      messages: [user([image, { type: "text", text: "hi" }])],
      tools,
    };
    expect(promptToCount(parseBody(promptSchema, body))).toEqual({
      task: "tokenize",
      prompt: {
        kind: "chat",
        messages: [
          { role: "system", content: "You help." },
          { role: "user", content: "hi" },
        ],
      },
      tools: {
        definitions: [{ name: "look", parameters: { type: "object" } }],
        choice: { kind: "auto" },
        isParallel: true,
      },
      thinking: { mode: "off" },
    });
  });
});
