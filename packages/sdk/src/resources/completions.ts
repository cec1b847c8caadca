import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";
import type { MusterStream } from "../stream.ts";
import type { FinishReason, SamplingParams, Usage } from "./sampling.ts";

/**
 * What `completions.create` takes: text to continue as it is, without a chat template.
 * @example const request: CompletionRequest = { model, prompt: "Once upon a time", max_tokens: 64 };
 */
export interface CompletionRequest extends SamplingParams {
  /** Several prompts give several choices. */
  readonly prompt: string | readonly string[];
  /** The prompt comes before its answer. Not together with `logprobs`. */
  readonly echo?: boolean | null | undefined;
  /** Alternatives for each token, 0 to 20. */
  readonly logprobs?: number | null | undefined;
}

/**
 * Probabilities as lists side by side, one entry for each token.
 * @example const worst = Math.min(...(choice.logprobs?.token_logprobs ?? []));
 */
export interface CompletionLogprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly number[];
  /** Likely tokens and the logarithms of their probabilities. */
  readonly top_logprobs: readonly Readonly<Record<string, number>>[];
  /** Where each token begins in the answer, in UTF-16 units. */
  readonly text_offset: readonly number[];
}

/**
 * Continued text, whole or a piece of a stream: the pieces have the same shape.
 * @example console.log(completion.choices[0]?.text);
 */
export interface Completion {
  readonly id: string;
  readonly object: "text_completion";
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
  /** `muster-` and the name of the worker that answers. */
  readonly system_fingerprint?: string | null;
  readonly choices: readonly {
    readonly index: number;
    readonly text: string;
    readonly logprobs?: CompletionLogprobs | null;
    /** Null in a stream until the last piece of the choice. */
    readonly finish_reason: FinishReason | null;
  }[];
  readonly usage?: Usage | null;
}

/**
 * `muster.completions`.
 * @example const { choices } = await muster.completions.create({ model, prompt: "The sea is" });
 */
export interface Completions {
  /**
   * Continues text; with `stream: true`, piece by piece. Rejects with a MusterApiError.
   * @example const answer = await muster.completions.create({ model, prompt: "1, 2, 3,", max_tokens: 8 });
   */
  create(
    request: CompletionRequest & { readonly stream: true },
    options?: RequestOptions,
  ): Promise<MusterStream<Completion>>;
  create(
    request: CompletionRequest & { readonly stream?: false | null | undefined },
    options?: RequestOptions,
  ): Promise<Completion & ResponseInfo>;
  create(
    request: CompletionRequest,
    options?: RequestOptions,
  ): Promise<MusterStream<Completion> | (Completion & ResponseInfo)>;
}

export function createCompletions(transport: Transport): Completions {
  const create = (request: CompletionRequest, options?: RequestOptions) => {
    const call = { method: "POST", path: "/v1/completions", body: request, options } as const;
    return request.stream ? transport.stream<Completion>(call, textOf) : transport.json<Completion>(call);
  };
  return { create: create as Completions["create"] };
}

function textOf(piece: Completion): string {
  return piece.choices.find((choice) => choice.index === 0)?.text ?? "";
}
