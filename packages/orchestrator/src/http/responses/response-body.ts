import type { EndReason, GenerateUsage, MusterError, Sampling } from "@muster/base";
import { errorBody } from "../error-response.ts";
import { usedTools } from "./generation.ts";
import type { OutputItem } from "./output-items.ts";
import type { ResponseRequest } from "./schema.ts";

/** How far a response has come. */
export interface ResponseProgress {
  readonly output: readonly OutputItem[];
  readonly outcome:
    | { readonly kind: "in_progress" }
    | {
        readonly kind: "ended";
        readonly reason: EndReason;
        readonly usage: GenerateUsage;
        readonly endedAt: number;
      }
    | { readonly kind: "failed"; readonly error: MusterError };
}

/** What a response says of its request, the same in every event. Times are seconds. */
export interface ResponseFrame {
  readonly id: string;
  readonly createdAt: number;
  readonly request: ResponseRequest;
  readonly sampling: Sampling;
}

/** The response object, with every field that OpenAI's has and a stateless service can fill. */
export function responseBody(frame: ResponseFrame, { output, outcome }: ResponseProgress) {
  const isEnded = outcome.kind === "ended";
  const status = isEnded ? endStatus(outcome.reason) : outcome.kind;
  return {
    id: frame.id,
    object: "response",
    created_at: frame.createdAt,
    completed_at: isEnded && status === "completed" ? outcome.endedAt : null,
    status,
    error: outcome.kind === "failed" ? responseError(outcome.error) : null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    output,
    ...echo(frame),
    usage: isEnded ? usageBody(outcome.usage) : null,
  };
}

export function endStatus(reason: EndReason): "completed" | "incomplete" {
  return reason === "length" ? "incomplete" : "completed";
}

/** What applied, where the request did not say or asked for what is not there. */
function echo({ request, sampling }: ResponseFrame) {
  const { reasoning } = request;
  return {
    model: request.model,
    instructions: request.instructions ?? null,
    background: false,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: null,
    metadata: request.metadata ?? {},
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    reasoning: { effort: reasoning?.effort ?? null, summary: null },
    safety_identifier: request.safety_identifier ?? null,
    service_tier: request.service_tier === "flex" ? "flex" : "default",
    store: false,
    temperature: sampling.temperature,
    text: { format: request.text?.format ?? { type: "text" } },
    tool_choice: request.tool_choice ?? "auto",
    tools: usedTools(request).map(({ name, description, parameters, strict }) => ({
      type: "function",
      name,
      description: description ?? null,
      parameters: parameters ?? null,
      strict: strict ?? true,
    })),
    top_logprobs: request.top_logprobs ?? 0,
    top_p: sampling.topP,
    truncation: "disabled",
    user: request.user ?? null,
  };
}

function usageBody(usage: GenerateUsage) {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.promptTokens + usage.completionTokens,
  };
}

/** The codes that clients of this API act on: Codex compacts, waits or gives up by them. */
function responseError(error: MusterError) {
  const { type, message } = errorBody(error).error;
  if (error.code === "context_length_exceeded") return { code: error.code, message };
  if (type === "rate_limit_error") {
    // Codex reads the delay from these words.
    const seconds = Math.ceil((error.retryAfterMs ?? 1_000) / 1_000);
    return { code: "rate_limit_exceeded", message: `${message} Please try again in ${seconds}s.` };
  }
  return { code: type === "invalid_request_error" ? "invalid_prompt" : "server_error", message };
}
