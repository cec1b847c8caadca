import type { ChatMessage, GenerateRequest } from "@muster/base";
import { describe, expect, it } from "vitest";
import { parseBody } from "../parsing/body.ts";
import { responseToGeneration } from "./generation.ts";
import { responseSchema } from "./schema.ts";

const png = `data:image/png;base64,${Buffer.from("\x89PNG\r\n\x1a\nrest", "latin1").toString("base64")}`;

function generation(fields: Record<string, unknown>): GenerateRequest {
  return responseToGeneration(parseBody(responseSchema, { model: "m", input: "hi", ...fields }), 7);
}

function messages(fields: Record<string, unknown>): readonly ChatMessage[] {
  const { prompt } = generation(fields);
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

const call = { type: "function_call", call_id: "c1", name: "look", arguments: '{"at":1}' };
const result = { type: "function_call_output", call_id: "c1", output: "seen" };

describe("the input of a response", () => {
  it("is one message of the user where it is text", () => {
    expect(messages({ input: "hi" })).toEqual([{ role: "user", content: "hi" }]);
  });

  it("opens with one system message: the instructions, and what stands first", () => {
    const input = [
      { role: "developer", content: "Be brief." },
      { type: "message", role: "system", content: [{ type: "input_text", text: "Be kind." }] },
      { role: "user", content: "hi" },
      { role: "developer", content: "Now in French." },
    ];
    expect(messages({ instructions: "You help.", input })).toEqual([
      { role: "system", content: "You help.\n\nBe brief.\n\nBe kind." },
      { role: "user", content: "hi" },
      { role: "system", content: "Now in French." },
    ]);
  });

  it("joins a thought, a message and calls to the turn that they were", () => {
    const input = [
      { role: "user", content: "look" },
      {
        type: "reasoning",
        id: "rs_1",
        summary: [],
        content: [{ type: "reasoning_text", text: "I should." }],
      },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Looking." }] },
      call,
      { ...call, call_id: "c2", arguments: "" },
      result,
      { ...result, call_id: "c2", output: [{ type: "input_text", text: "nothing" }] },
      {
        type: "reasoning",
        id: "rs_2",
        summary: [{ type: "summary_text", text: "?" }],
        encrypted_content: "x",
      },
      { role: "assistant", content: "One." },
      { role: "assistant", content: "Two." },
    ];
    expect(messages({ input })).toEqual([
      { role: "user", content: "look" },
      {
        role: "assistant",
        content: "Looking.",
        reasoning: "I should.",
        toolCalls: [
          { id: "c1", name: "look", argumentsJson: '{"at":1}' },
          { id: "c2", name: "look", argumentsJson: "{}" },
        ],
      },
      { role: "tool", toolCallId: "c1", content: "seen" },
      { role: "tool", toolCallId: "c2", content: "nothing" },
      { role: "assistant", content: "One." },
      { role: "assistant", content: "Two." },
    ]);
  });

  it("keeps images where they stand, and moves those of results behind the results", () => {
    const image = { type: "input_image", detail: "auto", image_url: png };
    const given = messages({
      input: [
        { role: "user", content: [{ type: "input_text", text: "see" }, image] },
        call,
        { ...result, output: [image] },
        { role: "user", content: "and?" },
      ],
    });
    const media = { kind: "image", mediaType: "image/png" };
    expect(given).toMatchObject([
      { content: "see", media: [{ ...media, at: 3 }] },
      { role: "assistant" },
      { role: "tool", content: "" },
      { role: "user", content: "and?", media: [{ ...media, at: 0 }] },
    ]);
    expect(given[2]).not.toHaveProperty("media");
  });

  it("leaves out what tools at OpenAI left, and takes calls with free text for functions", () => {
    const input = [
      { role: "user", content: "hi" },
      { type: "web_search_call", id: "ws_1", status: "completed" },
      { type: "custom_tool_call", call_id: "c3", name: "patch", input: "*** Begin" },
      { type: "custom_tool_call_output", call_id: "c3", output: "done" },
    ];
    expect(messages({ input }).slice(1)).toEqual([
      {
        role: "assistant",
        content: "",
        toolCalls: [{ id: "c3", name: "patch", argumentsJson: '{"input":"*** Begin"}' }],
      },
      { role: "tool", toolCallId: "c3", content: "done" },
    ]);
  });

  const refused: readonly [string, Record<string, unknown>, { code?: string; param: string }][] = [
    ["no input", { input: undefined }, { param: "input" }],
    ["no items", { input: [] }, { param: "input" }],
    ["an unknown item", { input: [{ type: "wish" }] }, { param: "input[0].type" }],
    ["an unknown role", { input: [{ role: "wizard", content: "" }] }, { param: "input[0].role" }],
    [
      "a file",
      { input: [{ role: "user", content: [{ type: "input_file", file_id: "f" }] }] },
      { param: "input[0].content[0].type" },
    ],
    [
      "an image elsewhere",
      { input: [{ role: "user", content: [{ type: "input_image", image_url: "https://x/y.png" }] }] },
      { param: "input[0].content[0].image_url" },
    ],
    ["arguments that are no JSON", { input: [{ ...call, arguments: "{" }] }, { param: "input[0].arguments" }],
    [
      "a result of no call",
      { input: [{ role: "user", content: "" }, result] },
      { param: "input[1].call_id" },
    ],
    [
      "a reference",
      { input: [{ type: "item_reference", id: "x" }] },
      { code: "unsupported", param: "input[0]" },
    ],
  ];
  it.each(refused)("is refused with %s", (_what, fields, { code = "invalid_request", param }) => {
    expect(failure(fields)).toEqual({ code, param });
  });
});

describe("the tools of a response", () => {
  const look = {
    type: "function",
    name: "look",
    description: "Looks.",
    parameters: { type: "object" },
    strict: true,
  };
  const wait = { type: "function", name: "wait" };

  it("are the functions among them; others are skipped", () => {
    const tools = [
      look,
      { type: "web_search" },
      { type: "namespace", tools: [] },
      { type: "custom", name: "x" },
    ];
    expect(generation({ tools, parallel_tool_calls: false }).tools).toEqual({
      definitions: [{ name: "look", description: "Looks.", parameters: { type: "object" } }],
      choice: { kind: "auto" },
      isParallel: false,
    });
    expect(generation({ tools: tools.slice(1) })).not.toHaveProperty("tools");
  });

  const choices: readonly [unknown, unknown][] = [
    ["none", { kind: "none" }],
    ["required", { kind: "required" }],
    [
      { type: "function", name: "wait" },
      { kind: "named", name: "wait" },
    ],
  ];
  it.each(choices)("are chosen from by %j", (tool_choice, choice) => {
    expect(generation({ tools: [look, wait], tool_choice }).tools).toMatchObject({ choice });
  });

  it("are only those that the choice allows", () => {
    const tool_choice = {
      type: "allowed_tools",
      mode: "required",
      tools: [{ type: "function", name: "wait" }],
    };
    expect(generation({ tools: [look, wait], tool_choice }).tools).toMatchObject({
      definitions: [{ name: "wait" }],
      choice: { kind: "required" },
    });
  });

  it("are refused where a choice cannot be met", () => {
    const param = "tool_choice";
    const named = { type: "function", name: "gone" };
    expect(failure({ tools: [look], tool_choice: named })).toEqual({ code: "invalid_request", param });
    expect(failure({ tools: [{ type: "web_search" }], tool_choice: "required" })).toMatchObject({ param });
    expect(failure({ tools: [look], tool_choice: { type: "web_search" } })).toEqual({
      code: "unsupported",
      param,
    });
    expect(failure({ tools: [{ type: "function" }] })).toMatchObject({ param: "tools[0].name" });
  });
});

describe("a response", () => {
  it("asks for what its other fields say", () => {
    const schema = { type: "object", properties: {} };
    const asked = generation({
      reasoning: { effort: "low" },
      text: { format: { type: "json_schema", name: "x", schema, strict: true } },
      temperature: 0,
      top_p: 0.5,
      max_output_tokens: 9,
      include: ["reasoning.encrypted_content", "message.output_text.logprobs"],
      top_logprobs: 2,
      store: true,
      metadata: { a: "b" },
      truncation: "auto",
      service_tier: "flex",
    });
    expect(asked).toMatchObject({
      thinking: { mode: "on", budgetTokens: 512 },
      format: { kind: "json-schema", schema },
      sampling: { temperature: 0, topP: 0.5, seed: 7 },
      maxTokens: 9,
      topLogprobs: 2,
    });
    expect(generation({ text: { format: { type: "json_object" } } }).format).toEqual({ kind: "json-object" });
  });

  it("asks for nothing that its fields do not say", () => {
    const asked = generation({ text: { format: { type: "text" }, verbosity: "low" }, top_logprobs: 3 });
    expect(Object.keys(asked).sort()).toEqual(["maxTokens", "prompt", "sampling", "stop", "task"]);
    expect(asked.maxTokens).toBeUndefined();
  });

  it.each(["previous_response_id", "conversation", "prompt"])("is refused with %s", (param) => {
    expect(failure({ [param]: "id" })).toEqual({ code: "unsupported", param });
    expect(failure({ [param]: null })).toBeUndefined();
  });

  it("is refused in the background, and without a schema where one is to be met", () => {
    expect(failure({ background: true })).toEqual({ code: "unsupported", param: "background" });
    expect(failure({ text: { format: { type: "json_schema", name: "x" } } })).toEqual({
      code: "invalid_request",
      param: "text.format.schema",
    });
  });
});
