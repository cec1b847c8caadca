import type { ChatMessage, GenerateRequest } from "@muster/base";
import { z } from "zod";
import { commonFields, limits, refuseUnsupported, samplingOf, stopsOf, tokenCount } from "./common.ts";

const textPart = z.looseObject({ type: z.literal("text"), text: z.string() });
const content = z.union([z.string(), z.array(textPart, "only text parts are supported here")], {
  error: "it must be text, or a list of text parts; images and audio are not supported yet",
});

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content: content.nullish(),
  name: z.string().max(256).nullish(),
  tool_calls: z.array(z.unknown()).nullish(),
});

export const chatCompletionSchema = z.looseObject({
  ...commonFields,
  messages: z.array(message).min(1).max(limits.maxMessages),
  max_completion_tokens: tokenCount.nullish(),
  logprobs: z.boolean().nullish(),
  tools: z.array(z.unknown()).nullish(),
  response_format: z.looseObject({ type: z.string() }).nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
});

export type ChatCompletionRequest = z.infer<typeof chatCompletionSchema>;

/** The generation that a chat request asks for. Throws `unsupported` for what cannot be done yet. */
export function chatToGeneration(request: ChatCompletionRequest, randomSeed: number): GenerateRequest {
  refuseUnsupported({
    tools: (request.tools ?? []).length > 0,
    logprobs: request.logprobs === true,
    response_format: (request.response_format?.type ?? "text") !== "text",
    logit_bias: Object.keys(request.logit_bias ?? {}).length > 0,
    "messages.tool_calls": request.messages.some((entry) => (entry.tool_calls ?? []).length > 0),
  });
  return {
    task: "generate",
    prompt: { kind: "chat", messages: request.messages.map(toMessage) },
    sampling: samplingOf(request, randomSeed),
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? undefined,
    stop: stopsOf(request),
  };
}

function toMessage(entry: ChatCompletionRequest["messages"][number]): ChatMessage {
  const { content: given, role, name } = entry;
  const text = typeof given === "string" ? given : (given ?? []).map((part) => part.text).join("");
  return {
    role: role === "developer" ? "system" : role,
    content: text,
    ...(name === undefined || name === null ? {} : { name }),
  };
}
