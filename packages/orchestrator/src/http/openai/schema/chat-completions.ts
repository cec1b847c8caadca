import type { GenerateRequest, OutputFormat } from "@muster/base";
import { z } from "zod";
import { refuseUnsupported, wrong } from "../../parsing/body.ts";
import { jsonSchema, requireSmall } from "../../parsing/json-schema.ts";
import { limits } from "../../parsing/limits.ts";
import { samplingOf, stopsOf, tokenCount } from "../../parsing/sampling.ts";
import { commonFields } from "./common.ts";
import { messageList, messagesOf } from "./messages.ts";
import { templateFields, thinkingAsked, toolsOf } from "./template-fields.ts";

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
  ...templateFields,
  messages: messageList,
  max_completion_tokens: tokenCount.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(limits.maxTopLogprobs).nullish(),
  functions: z.unknown().optional(),
  function_call: z.unknown().optional(),
  modalities: z.array(z.string()).nullish(),
  response_format: responseFormat.nullish(),
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
  const thinking = thinkingAsked(request);
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
