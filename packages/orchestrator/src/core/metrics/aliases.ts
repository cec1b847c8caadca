import type { MetricDefinition } from "./definitions.ts";

/** Names by which others know what Muster has under its own: shown only where they are asked for. */
export const aliasKinds = ["vllm", "otel"] as const;
export type AliasKind = (typeof aliasKinds)[number];

export interface AliasDefinition extends Omit<MetricDefinition, "buckets"> {
  /** What it is made of. */
  readonly of: string;
}

const define = <const Aliases extends Record<string, AliasDefinition>>(aliases: Aliases): Aliases => aliases;
const byModel = ["model_name"] as const;

/** As vLLM has them: its dashboards and the Gateway API's inference extension read these. */
export const vllmAliases = define({
  running: {
    ...{ name: "vllm:num_requests_running", type: "gauge", labels: byModel, of: "muster_running_requests" },
    help: "Requests, and lines of batches, that have a slot now.",
  },
  waiting: {
    ...{ name: "vllm:num_requests_waiting", type: "gauge", labels: byModel, of: "muster_lane_waiting" },
    help: "Requests that wait for a slot; lines of batches, which give way to them, are left out.",
  },
  slotsInUse: {
    ...{ name: "vllm:kv_cache_usage_perc", type: "gauge", labels: byModel, of: "muster_slots" },
    help: "Share of the slots in use, 0 to 1. A slot here holds the memory of its whole context, so no finer share exists.",
  },
  prefixQueries: {
    ...{ name: "vllm:prefix_cache_queries_total", type: "counter", labels: byModel },
    ...{ of: "muster_prompt_tokens_total", help: "Prompt tokens that were looked for in slots' caches." },
  },
  prefixHits: {
    ...{ name: "vllm:prefix_cache_hits_total", type: "counter", labels: byModel },
    ...{ of: "muster_cached_prompt_tokens_total", help: "Prompt tokens that were found there." },
  },
  promptTokens: {
    ...{ name: "vllm:prompt_tokens_total", type: "counter", labels: byModel },
    ...{
      of: "muster_prompt_tokens_total",
      help: "Prompt tokens of answered requests, cached ones included.",
    },
  },
  generationTokens: {
    ...{ name: "vllm:generation_tokens_total", type: "counter", labels: byModel },
    ...{ of: "muster_generation_tokens_total", help: "Generated tokens." },
  },
  requestSuccess: {
    ...{ name: "vllm:request_success_total", type: "counter", labels: ["model_name", "finished_reason"] },
    ...{
      of: "muster_answers_total",
      help: "Answers that came to their end, by why: stop (tool calls too) or length.",
    },
  },
  firstToken: {
    ...{ name: "vllm:time_to_first_token_seconds", type: "histogram", labels: byModel },
    ...{ of: "muster_time_to_first_token_seconds" },
    help: "From the acceptance of a request to the first piece of its answer.",
  },
  interToken: {
    ...{ name: "vllm:inter_token_latency_seconds", type: "histogram", labels: byModel },
    ...{ of: "muster_inter_token_latency_seconds" },
    help: "Time between two tokens of an answer, as they reached the client.",
  },
  endToEnd: {
    ...{ name: "vllm:e2e_request_latency_seconds", type: "histogram", labels: byModel },
    ...{ of: "muster_request_duration_seconds" },
    help: "From the acceptance of a request to its last byte.",
  },
  queueWait: {
    ...{ name: "vllm:request_queue_time_seconds", type: "histogram", labels: byModel },
    ...{ of: "muster_queue_wait_seconds", help: "From the acceptance of a request to a slot." },
  },
});

const otelLabels = ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"] as const;

/** As OpenTelemetry's conventions for model servers have them, in the form that they get in Prometheus. */
export const otelAliases = define({
  requestDuration: {
    ...{ name: "gen_ai_server_request_duration_seconds", type: "histogram", labels: otelLabels },
    ...{ of: "muster_request_duration_seconds" },
    help: "From the acceptance of a request to its last byte.",
  },
  firstToken: {
    ...{ name: "gen_ai_server_time_to_first_token_seconds", type: "histogram" },
    ...{ labels: ["gen_ai_provider_name", "gen_ai_request_model"], of: "muster_time_to_first_token_seconds" },
    help: "From the acceptance of a request to the first piece of its answer.",
  },
});

/** What OpenTelemetry calls what an endpoint does; the other endpoints are none of its operations. */
export const otelOperations: Readonly<Record<string, string>> = {
  chat_completions: "chat",
  responses: "chat",
  messages: "chat",
  completions: "text_completion",
  embeddings: "embeddings",
};

export const aliasDefinitions: Readonly<Record<AliasKind, readonly AliasDefinition[]>> = {
  vllm: Object.values(vllmAliases),
  otel: Object.values(otelAliases),
};
