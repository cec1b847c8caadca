/** Settings that chat and text completions share. What is left out takes the server's default for the model. */
export interface SamplingParams {
  /** A model, a family such as `gemma-4`, or `auto`: `models.list()` names them. */
  readonly model: string;
  /** 0 always takes the likeliest token; at most 2. */
  readonly temperature?: number | null | undefined;
  readonly top_p?: number | null | undefined;
  readonly top_k?: number | null | undefined;
  readonly min_p?: number | null | undefined;
  /** The same seed, model and request give the same answer on the same hardware. */
  readonly seed?: number | null | undefined;
  /** Text that ends the answer and is not part of it. */
  readonly stop?: string | readonly string[] | null | undefined;
  readonly frequency_penalty?: number | null | undefined;
  readonly presence_penalty?: number | null | undefined;
  /** 1 is none; more makes what came lately less likely. */
  readonly repetition_penalty?: number | null | undefined;
  /** By token id, -100 (never) to 100 (always); `tokenize` gives the ids of a text. */
  readonly logit_bias?: Readonly<Record<string, number>> | null | undefined;
  /** Choices wanted; each takes a slot of its own. */
  readonly n?: number | null | undefined;
  readonly max_tokens?: number | null | undefined;
  /** `flex` is work that can wait: it takes the slots that nobody is waiting for. */
  readonly service_tier?: "auto" | "default" | "flex" | null | undefined;
  /** An answer that is not complete after so many milliseconds fails; families answer with a model that is fast enough. */
  readonly deadline_ms?: number | null | undefined;
  readonly stream?: boolean | null | undefined;
  /** With `include_usage`, a last chunk without choices carries the usage. */
  readonly stream_options?: { readonly include_usage?: boolean | undefined } | null | undefined;
}

/**
 * Tokens that a request took.
 * @example const { prompt_tokens, completion_tokens } = answer.usage;
 */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  /** Prompt tokens that the worker had in its cache already. */
  readonly prompt_tokens_details?: { readonly cached_tokens?: number };
  /** Completion tokens that were thought. */
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number };
}

/**
 * Why an answer ended: the model was done or met a stop text, `max_tokens` or the context was used up, or it waits for
 * the results of the tools that it called.
 * @example if (choice.finish_reason === "length") console.warn("cut short");
 */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";
