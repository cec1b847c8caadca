import type { EndReason, InferenceRequest } from "@muster/base";

/** Names of OpenTelemetry's GenAI conventions; what they have no name for is `muster.*`. */

const operations = {
  generate: "chat",
  embed: "embeddings",
  rerank: "rerank",
  tokenize: "tokenize",
} as const satisfies Record<InferenceRequest["task"], string>;

/** What is done, in the words of the conventions; `rerank` and `tokenize` are ours. */
export function operationOf({ task, ...request }: InferenceRequest): string {
  const isText = task === "generate" && "prompt" in request && request.prompt.kind === "text";
  return isText ? "text_completion" : operations[task];
}

/** Of a request, without anything that its client has written. */
export function requestAttributes(of: {
  readonly name: string;
  readonly model: string;
  readonly requests: readonly InferenceRequest[];
  readonly isStreamed: boolean;
}) {
  const { name, model, requests, isStreamed } = of;
  const [first] = requests;
  return {
    "gen_ai.provider.name": "muster",
    "gen_ai.operation.name": first === undefined ? undefined : operationOf(first),
    "gen_ai.request.model": name,
    "gen_ai.response.model": model,
    "gen_ai.request.stream": isStreamed || undefined,
    ...(first?.task === "generate" ? samplingAttributes(first, requests.length) : {}),
  };
}

function samplingAttributes(
  { sampling, maxTokens }: Extract<InferenceRequest, { readonly task: "generate" }>,
  choices: number,
) {
  return {
    "gen_ai.request.temperature": sampling.temperature,
    "gen_ai.request.top_p": sampling.topP,
    "gen_ai.request.max_tokens": maxTokens,
    "gen_ai.request.choice.count": choices > 1 ? choices : undefined,
  };
}

export function usageAttributes(usage: {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
}) {
  return {
    "gen_ai.usage.input_tokens": usage.promptTokens,
    "gen_ai.usage.cache_read.input_tokens": usage.cachedTokens,
    "gen_ai.usage.output_tokens": usage.completionTokens,
  };
}

export function reasonAttributes(reasons: readonly (EndReason | undefined)[]) {
  const known = reasons.filter((reason) => reason !== undefined);
  return { "gen_ai.response.finish_reasons": known.length === 0 ? undefined : known };
}
