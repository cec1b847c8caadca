import type { GenerateRequest, JsonSchema, OutputFormat, Sampling, Thinking, ToolUse } from "@muster/base";
import { toUpstreamMessage } from "./messages.ts";
import type { Upstream, UpstreamKind } from "./upstream.ts";

export interface UpstreamRequest {
  readonly path: "/chat/completions" | "/completions";
  readonly body: Readonly<Record<string, unknown>>;
}

/** llama-server takes this seed for "any". */
const anySeed = 0xffff_ffff;

/**
 * A generation in the words of the upstream. Fields that only some servers know go to those alone: others refuse them.
 * @param mayShare whether the prompt may begin with what the server has kept of others
 */
export function toUpstreamRequest(
  request: GenerateRequest,
  upstream: Upstream,
  mayShare = true,
): UpstreamRequest {
  const { prompt, maxTokens } = request;
  const stop = request.stop.filter((text) => text !== "");
  const { kind, model } = upstream;
  const common = {
    model,
    stream: true,
    // How many tokens each piece is made of: vLLM in its usage, llama-server in its timings.
    stream_options: { include_usage: true, ...(kind === "vllm" ? { continuous_usage_stats: true } : {}) },
    ...samplingFields(request.sampling, kind),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(stop.length === 0 ? {} : { stop }),
    ...(kind === "llama-server" ? { timings_per_token: true } : {}),
    ...cacheFields(request, kind, mayShare),
  };
  if (prompt.kind === "text") {
    return {
      path: "/completions",
      body: {
        ...common,
        prompt: prompt.text,
        ...completionFormat(request.format, kind),
        ...(request.topLogprobs === undefined ? {} : { logprobs: askedLogprobs(request.topLogprobs, kind) }),
      },
    };
  }
  return {
    path: "/chat/completions",
    body: {
      ...common,
      messages: prompt.messages.map(toUpstreamMessage),
      ...toolFields(request.tools, kind),
      ...(request.format === undefined ? {} : { response_format: responseFormat(request.format) }),
      ...thinkingFields(request.thinking, kind),
      ...(request.topLogprobs === undefined
        ? {}
        : { logprobs: true, top_logprobs: askedLogprobs(request.topLogprobs, kind) }),
    },
  };
}

function samplingFields(sampling: Sampling, kind: UpstreamKind): Record<string, unknown> {
  const { temperature, topP, seed, frequencyPenalty, presencePenalty, logitBias } = sampling;
  return {
    temperature,
    top_p: topP,
    seed: kind === "llama-server" && seed === anySeed ? anySeed - 1 : seed,
    frequency_penalty: frequencyPenalty,
    presence_penalty: presencePenalty,
    ...(logitBias === undefined || logitBias.length === 0
      ? {}
      : { logit_bias: Object.fromEntries(logitBias.map(({ tokenId, bias }) => [String(tokenId), bias])) }),
    ...extraSampling(sampling, kind),
  };
}

/** The others can only be told by their owner not to share beginnings. */
function cacheFields({ cacheSalt }: GenerateRequest, kind: UpstreamKind, mayShare: boolean) {
  if (kind === "llama-server") return mayShare ? {} : { cache_prompt: false };
  const takesSalt = kind === "vllm" || kind === "muster";
  return takesSalt && cacheSalt !== undefined ? { cache_salt: cacheSalt } : {};
}

function extraSampling(sampling: Sampling, kind: UpstreamKind): Record<string, unknown> {
  const { topK, minP, repetitionPenalty = 1 } = sampling;
  switch (kind) {
    case "llama-server":
      return { top_k: topK, min_p: minP, repeat_penalty: repetitionPenalty };
    case "vllm":
    case "muster":
      return { top_k: topK, min_p: minP, repetition_penalty: repetitionPenalty };
    case "ollama":
    case "other":
      return {};
    default:
      return kind satisfies never;
  }
}

/** llama-server gives no probabilities at all for 0 alternatives: the reader drops the one too many. */
function askedLogprobs(wanted: number, kind: UpstreamKind): number {
  return kind === "llama-server" ? Math.max(1, wanted) : wanted;
}

export function toolFields(tools: ToolUse | undefined, kind: UpstreamKind): Record<string, unknown> {
  if (tools === undefined || tools.definitions.length === 0) return {};
  const { choice, isParallel } = tools;
  // llama-server knows no named choice: there it is the only tool, and must be called.
  const isOnly = choice.kind === "named" && kind === "llama-server";
  const definitions = isOnly
    ? tools.definitions.filter(({ name }) => name === choice.name)
    : tools.definitions;
  return {
    tools: definitions.map(({ name, description, parameters }) => ({
      type: "function",
      function: {
        name,
        ...(description === undefined ? {} : { description }),
        parameters: typeof parameters === "object" ? parameters : { type: "object", properties: {} },
      },
    })),
    tool_choice:
      choice.kind !== "named"
        ? choice.kind
        : isOnly
          ? "required"
          : { type: "function", function: { name: choice.name } },
    parallel_tool_calls: isParallel,
  };
}

function responseFormat(format: OutputFormat): Record<string, unknown> {
  if (format.kind === "json-object") return { type: "json_object" };
  return {
    type: "json_schema",
    json_schema: { name: "answer", strict: true, schema: schemaFields(format.schema) },
  };
}

function completionFormat(format: OutputFormat | undefined, kind: UpstreamKind): Record<string, unknown> {
  if (format === undefined) return {};
  if (kind !== "llama-server") return { response_format: responseFormat(format) };
  return { json_schema: format.kind === "json-object" ? { type: "object" } : schemaFields(format.schema) };
}

function schemaFields(schema: JsonSchema): JsonSchema {
  return typeof schema === "object" ? schema : {};
}

/** Templates of open models are switched by `enable_thinking`; the others have words of their own. */
export function thinkingFields(thinking: Thinking | undefined, kind: UpstreamKind): Record<string, unknown> {
  if (thinking === undefined) return {};
  const isOn = thinking.mode === "on";
  switch (kind) {
    case "llama-server":
    case "vllm":
      return {
        chat_template_kwargs: { enable_thinking: isOn },
        ...(isOn && thinking.budgetTokens !== undefined
          ? { thinking_budget_tokens: thinking.budgetTokens }
          : {}),
      };
    case "muster":
      return {
        reasoning: {
          enabled: isOn,
          ...(isOn && thinking.budgetTokens !== undefined ? { max_tokens: thinking.budgetTokens } : {}),
        },
      };
    case "ollama":
      return { reasoning_effort: isOn ? "medium" : "none" };
    case "other":
      return {};
    default:
      return kind satisfies never;
  }
}
