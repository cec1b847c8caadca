import { z } from "zod";
import { deadlineField } from "../parsing/deadline.ts";
import { jsonSchema } from "../parsing/json-schema.ts";
import { limits } from "../parsing/limits.ts";
import { samplingFields, tokenCount } from "../parsing/sampling.ts";
import { effort } from "../parsing/thinking.ts";

/** Text alone stands for one block of text. */
const asBlocks = (given: unknown) => (typeof given === "string" ? [{ type: "text", text: given }] : given);

const text = z.looseObject({ type: z.literal("text"), text: z.string() });
const texts = z.preprocess(asBlocks, z.array(text, { error: "it must be text, or a list of text blocks" }));

const image = z.looseObject({
  type: z.literal("image"),
  source: z.looseObject({
    type: z.literal("base64", { error: "images are taken as base64 only; this service fetches nothing" }),
    media_type: z.string().max(64),
    data: z.string(),
  }),
});

const resultBlock = z.discriminatedUnion("type", [text, image], {
  error: "blocks of this type are not supported in a result; send text or image",
});

const toolId = z.string().min(1).max(256);

const toolResult = z.looseObject({
  type: z.literal("tool_result"),
  tool_use_id: toolId,
  content: z.preprocess(asBlocks, z.array(resultBlock)).nullish(),
  is_error: z.boolean().nullish(),
});

const toolUse = z.looseObject({
  type: z.literal("tool_use"),
  id: toolId,
  name: z.string().min(1).max(256),
  input: z.record(z.string(), z.unknown()),
});

const thinkingBlock = z.looseObject({ type: z.literal("thinking"), thinking: z.string() });

/** What only Anthropic can read, and traces of tools that run there: accepted, to be left out. */
const hosted = z.looseObject({
  type: z.enum([
    "redacted_thinking",
    "server_tool_use",
    "bash_code_execution_tool_result",
    "code_execution_tool_result",
    "container_upload",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "web_fetch_tool_result",
    "web_search_tool_result",
  ]),
});

const block = z.discriminatedUnion("type", [text, image, toolUse, toolResult, thinkingBlock, hosted], {
  error: "blocks of this type are not supported; send text, image, tool_use, tool_result or thinking",
});

const message = z.looseObject({
  role: z.enum(["user", "assistant", "system"]),
  content: z.preprocess(asBlocks, z.array(block, { error: "it must be text, or a list of blocks" })),
});

/** Tools of other types than `custom` run at Anthropic, or have schemas that only its models know. */
const tool = z.looseObject({
  type: z.string().nullish(),
  name: z.string().optional(),
  description: z.string().nullish(),
  input_schema: jsonSchema.nullish(),
});

const toolChoice = z.looseObject({
  type: z.enum(["auto", "any", "tool", "none"]),
  name: z.string().optional(),
  disable_parallel_tool_use: z.boolean().nullish(),
});

const thinking = z.looseObject({
  type: z.enum(["enabled", "adaptive", "between_tools", "disabled"]),
  budget_tokens: z.int().min(1).max(limits.maxTokens).nullish(),
});

/** What is counted, and what a message needs besides its length. */
export const promptSchema = z.looseObject({
  deadline_ms: deadlineField,
  model: z.string().min(1).max(256),
  messages: z.array(message).min(1).max(limits.maxMessages),
  system: texts.nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: toolChoice.nullish(),
  thinking: thinking.nullish(),
  output_config: z
    .looseObject({
      effort: effort.nullish(),
      format: z.looseObject({ type: z.literal("json_schema"), schema: jsonSchema }).nullish(),
    })
    .nullish(),
});

export const messageSchema = promptSchema.extend({
  max_tokens: tokenCount,
  stop_sequences: z.array(z.string().min(1).max(limits.maxStopLength)).max(limits.maxStops).nullish(),
  ...samplingFields,
  stream: z.boolean().nullish(),
  /** Anthropic's own are `auto` and `standard_only`; `flex` is work that can wait, as in OpenAI's APIs. */
  service_tier: z.string().max(64).nullish(),
});

export type PromptRequest = z.infer<typeof promptSchema>;
export type MessageRequest = z.infer<typeof messageSchema>;
export type GivenMessage = PromptRequest["messages"][number];
