import type { EndReason, GenerateUsage, ToolCall } from "@muster/base";
import { strayOutput } from "../answering/collect.ts";
import type { GatheredAnswer } from "../answering/gather.ts";
import type { StreamEvent, StreamWording, Wording } from "../answering/wording.ts";
import { ContentBlocks } from "./content-blocks.ts";
import { anthropicError } from "./error-body.ts";

export interface MessageFrame {
  /** Of the message. */
  readonly id: string;
  readonly requestId: string;
  readonly model: string;
}

const stopReasons: Record<EndReason, string> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
};

export const messageParams: Wording["params"] & object = {
  structured_output: "output_config.format",
  thinking: "thinking",
};

/** How POST /v1/messages words an answer. */
export function messageWording(frame: MessageFrame): Wording {
  return {
    endpoint: "messages",
    params: messageParams,
    complete: ([answer]) =>
      answer && {
        ...envelope(frame),
        content: contentOf(answer),
        ...stopBody(answer),
        usage: usageBody(answer.usage),
      },
    stream: () => streamWording(frame),
  };
}

function streamWording(frame: MessageFrame): StreamWording {
  const blocks = new ContentBlocks();
  return {
    open: () => [named({ type: "message_start", message: envelope(frame) })],
    delta: (_choice, delta) => blocks.push(delta).map(named),
    end: (_choice, end) => [
      ...blocks.end().map(named),
      named({ type: "message_delta", delta: stopBody(end), usage: usageBody(end.usage) }),
      named({ type: "message_stop" }),
    ],
    finish: () => [],
    failure: (error) => [named(anthropicError(error, frame.requestId))],
  };
}

function stopBody({
  reason,
  stopText,
}: {
  readonly reason: EndReason;
  readonly stopText?: string | undefined;
}) {
  return {
    stop_reason: stopText === undefined ? stopReasons[reason] : "stop_sequence",
    stop_sequence: stopText ?? null,
  };
}

function named<T extends { readonly type: string }>(data: T): StreamEvent {
  return { event: data.type, data };
}

/** A message with nothing in it. What it used is known at its end only: until then it says nothing, not something wrong. */
function envelope({ id, model }: MessageFrame) {
  return {
    id,
    type: "message",
    role: "assistant",
    model,
    content: [] as unknown[],
    stop_reason: null as string | null,
    stop_sequence: null as string | null,
    usage: usageBody({ promptTokens: 0, cachedTokens: 0, completionTokens: 0 }),
  };
}

/** Here what came from the cache is not part of the input. */
function usageBody(usage: GenerateUsage) {
  return {
    input_tokens: Math.max(0, usage.promptTokens - usage.cachedTokens),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cachedTokens,
    output_tokens: usage.completionTokens,
    output_tokens_details: { thinking_tokens: usage.reasoningTokens ?? 0 },
  };
}

function contentOf({ reasoning, text, toolCalls, reason }: GatheredAnswer): unknown[] {
  return [
    ...(reasoning === "" ? [] : [{ type: "thinking", thinking: reasoning, signature: "" }]),
    ...(text === "" ? [] : [{ type: "text", text, citations: null }]),
    ...toolCalls.flatMap((call) => toolUse(call, reason)),
  ];
}

/** A call that was cut off by `max_tokens` has no input that could be given, and is left out. */
function toolUse({ id, name, argumentsJson }: ToolCall, reason: EndReason): unknown[] {
  try {
    return [{ type: "tool_use", id, name, input: JSON.parse(argumentsJson) as unknown }];
  } catch {
    if (reason === "length") return [];
    throw strayOutput(`the arguments of a call of "${name}" are not valid JSON`);
  }
}
