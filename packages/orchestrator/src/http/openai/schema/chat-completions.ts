import type { GenerateRequest, OutputFormat, ToolChoice, ToolUse } from "@muster/base";
import { z } from "zod";
import { refuseUnsupported, wrong } from "../../parsing/body.ts";
import { jsonSchema, requireSmall } from "../../parsing/json-schema.ts";
import { limits } from "../../parsing/limits.ts";
import { samplingOf, stopsOf, tokenCount } from "../../parsing/sampling.ts";
import { effort, thinkingOf } from "../../parsing/thinking.ts";
import { toolDefinition, toolName, toolUseOf } from "../../parsing/tools.ts";
import { commonFields } from "./common.ts";
import { messageList, messagesOf } from "./messages.ts";

const tool = z.looseObject({
  type: z.literal("function", "only tools of the type function are supported"),
  function: z.looseObject({
    name: toolName,
    description: z.string().max(limits.maxSchemaLength).nullish(),
    parameters: jsonSchema.nullish(),
  }),
});

const namedTool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({ name: z.string() }),
});

const responseFormat = z.discriminatedUnion(
  "type",
  [
    z.looseObject({ type: z.literal("text") }),
    // Some clients put a schema beside this type.
    z.looseObject({ type: z.literal("json_object"), schema: jsonSchema.nullish() }),
    z.looseObject({ type: z.literal("json_schema"), json_schema: z.looseObject({ schema: jsonSchema }) }),
  ],
  { error: "its type must be text, json_object or json_schema" },
);

export const chatCompletionSchema = z.looseObject({
  ...commonFields,
  messages: messageList,
  max_completion_tokens: tokenCount.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(limits.maxTopLogprobs).nullish(),
  tools: z.array(tool).max(limits.maxTools).nullish(),
  tool_choice: z
    .union([z.enum(["auto", "none", "required"]), namedTool], {
      error: 'it must be "auto", "none", "required" or {"type": "function", "function": {"name": ...}}',
    })
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  functions: z.unknown().optional(),
  function_call: z.unknown().optional(),
  modalities: z.array(z.string()).nullish(),
  response_format: responseFormat.nullish(),
  reasoning_effort: effort.nullish(),
  reasoning: z
    .looseObject({
      effort: effort.nullish(),
      enabled: z.boolean().nullish(),
      max_tokens: z.int().min(0).max(limits.maxTokens).nullish(),
    })
    .nullish(),
  chat_template_kwargs: z.looseObject({ enable_thinking: z.boolean().nullish() }).nullish(),
});

export type ChatCompletionRequest = z.infer<typeof chatCompletionSchema>;

/** The generation that a chat request asks for. Throws `invalid_request`, and `unsupported` for what cannot be done. */
export function chatToGeneration(request: ChatCompletionRequest, randomSeed: number): GenerateRequest {
  const useTools = 'this is the form of 2023. Send "tools" and "tool_choice".';
  refuseUnsupported({
    functions: { isAsked: isGiven(request.functions), why: useTools },
    function_call: { isAsked: isGiven(request.function_call), why: useTools },
    modalities: { isAsked: request.modalities?.includes("audio") === true, why: "answers are text." },
  });
  const tools = toolsOf(request);
  const format = formatOf(request.response_format);
  const thinking = thinkingOf({
    effort: request.reasoning_effort ?? request.reasoning?.effort,
    isOn: request.reasoning?.enabled ?? request.chat_template_kwargs?.enable_thinking,
    budgetTokens: request.reasoning?.max_tokens,
  });
  const topLogprobs = topLogprobsOf(request);
  return {
    task: "generate",
    prompt: { kind: "chat", messages: messagesOf(request.messages) },
    sampling: samplingOf(request, randomSeed),
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? undefined,
    stop: stopsOf(request.stop),
    ...(tools === undefined ? {} : { tools }),
    ...(format === undefined ? {} : { format }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
  };
}

function toolsOf(request: ChatCompletionRequest): ToolUse | undefined {
  const definitions = (request.tools ?? []).map(({ function: given }, index) => {
    if (given.parameters) requireSmall(given.parameters, `tools[${index}].function.parameters`);
    return toolDefinition(given);
  });
  return toolUseOf({
    definitions,
    choice: choiceOf(request.tool_choice),
    isParallel: request.parallel_tool_calls ?? true,
  });
}

function choiceOf(given: ChatCompletionRequest["tool_choice"]): ToolChoice {
  if (given === undefined || given === null) return { kind: "auto" };
  return typeof given === "string" ? { kind: given } : { kind: "named", name: given.function.name };
}

function formatOf(given: ChatCompletionRequest["response_format"]): OutputFormat | undefined {
  switch (given?.type) {
    case undefined:
    case "text":
      return undefined;
    case "json_object":
      return isGiven(given.schema)
        ? { kind: "json-schema", schema: requireSmall(given.schema, "response_format.schema") }
        : { kind: "json-object" };
    case "json_schema":
      return {
        kind: "json-schema",
        schema: requireSmall(given.json_schema.schema, "response_format.json_schema.schema"),
      };
    default:
      return given satisfies never;
  }
}

function topLogprobsOf({ logprobs, top_logprobs: top }: ChatCompletionRequest): number | undefined {
  if (logprobs === true) return top ?? 0;
  if ((top ?? 0) > 0) throw wrong("top_logprobs", '"logprobs" must be true with it.');
  return undefined;
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}
