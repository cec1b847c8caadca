import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";
import type { MusterStream } from "../stream.ts";
import type { FinishReason, SamplingParams, Usage } from "./sampling.ts";
import type { ResponseFormat, Tool, ToolCall, ToolCallDelta, ToolChoice } from "./tools.ts";

/**
 * A part of a message: text, an image as a `data:` URL, or a recording in base64. Models that cannot see or hear refuse
 * the last two.
 * @example const part: ContentPart = { type: "image_url", image_url: { url: "data:image/png;base64,..." } };
 */
export type ContentPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string } }
  | {
      readonly type: "input_audio";
      readonly input_audio: { readonly data: string; readonly format: "wav" | "mp3" };
    };

/**
 * One turn of a conversation. Text parts are joined.
 * @example const message: ChatMessage = { role: "user", content: "Why is the sky blue?" };
 */
export interface ChatMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  /** Null only where an assistant called tools and said nothing. */
  readonly content: string | readonly ContentPart[] | null;
  readonly name?: string | undefined;
  /** What an assistant thought before it answered. */
  readonly reasoning_content?: string | undefined;
  /** What an assistant called, as it was in its answer. */
  readonly tool_calls?: readonly ToolCall[] | undefined;
  /** With role `tool`: the id of the call that this is the result of. */
  readonly tool_call_id?: string | undefined;
}

/**
 * How much a model may think before it answers; `none` is not at all.
 * @example const answer = await muster.chat.completions.create({ model, messages, reasoning_effort: "low" });
 */
export type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";

/**
 * A token with the logarithm of its probability.
 * @example const percent = 100 * Math.exp(token.logprob);
 */
export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  /** The token's text in UTF-8. */
  readonly bytes: readonly number[] | null;
}

/**
 * Probabilities of an answer's tokens, or of a piece's.
 * @example for (const { token, logprob } of choice.logprobs?.content ?? []) console.log(token, logprob);
 */
export interface ChatLogprobs {
  readonly content: readonly (TokenLogprob & { readonly top_logprobs: readonly TokenLogprob[] })[] | null;
}

/**
 * What `chat.completions.create` takes: OpenAI's fields, and `top_k` and `min_p`.
 * @example const request: ChatCompletionRequest = { model: "gemma-4-e4b-it", messages, max_tokens: 256 };
 */
export interface ChatCompletionRequest extends SamplingParams {
  readonly messages: readonly ChatMessage[];
  /** OpenAI's newer name for `max_tokens`; it wins where both are given. */
  readonly max_completion_tokens?: number | null | undefined;
  readonly tools?: readonly Tool[] | null | undefined;
  readonly tool_choice?: ToolChoice | null | undefined;
  /** False: at most one call in an answer. */
  readonly parallel_tool_calls?: boolean | null | undefined;
  readonly response_format?: ResponseFormat | null | undefined;
  /** How much the model may think first; left out, its chat template decides. */
  readonly reasoning_effort?: ReasoningEffort | null | undefined;
  readonly logprobs?: boolean | null | undefined;
  /** Alternatives for each token, 0 to 20; needs `logprobs`. */
  readonly top_logprobs?: number | null | undefined;
}

/**
 * A whole answer.
 * @example console.log(completion.choices[0]?.message.content, completion.usage?.total_tokens);
 */
export interface ChatCompletion {
  readonly id: string;
  readonly object: "chat.completion";
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint?: string | null;
  readonly choices: readonly {
    readonly index: number;
    readonly message: {
      readonly role: "assistant";
      readonly content: string | null;
      readonly refusal?: string | null;
      /** What the model thought first, if it did. */
      readonly reasoning_content?: string;
      readonly tool_calls?: readonly ToolCall[];
    };
    readonly logprobs?: ChatLogprobs | null;
    readonly finish_reason: FinishReason;
  }[];
  readonly usage?: Usage;
}

/**
 * A piece of a streamed answer. The last of a choice has its `finish_reason`; the one with `usage` has no choices.
 * @example for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
 */
export interface ChatCompletionChunk {
  readonly id: string;
  readonly object: "chat.completion.chunk";
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
  /** `muster-` and the name of the worker that answers. */
  readonly system_fingerprint?: string | null;
  readonly choices: readonly {
    readonly index: number;
    readonly delta: {
      readonly role?: "assistant";
      readonly content?: string | null;
      readonly reasoning_content?: string;
      readonly tool_calls?: readonly ToolCallDelta[];
    };
    readonly logprobs?: ChatLogprobs | null;
    readonly finish_reason: FinishReason | null;
  }[];
  readonly usage?: Usage | null;
}

/**
 * `muster.chat.completions`.
 * @example const answer = await muster.chat.completions.create({ model, messages });
 */
export interface ChatCompletions {
  /**
   * Answers a conversation; with `stream: true`, piece by piece. Rejects with a MusterApiError.
   * @example
   * const stream = await muster.chat.completions.create({ model, messages, stream: true });
   * console.log(await stream.toText());
   */
  create(
    request: ChatCompletionRequest & { readonly stream: true },
    options?: RequestOptions,
  ): Promise<MusterStream<ChatCompletionChunk>>;
  create(
    request: ChatCompletionRequest & { readonly stream?: false | null | undefined },
    options?: RequestOptions,
  ): Promise<ChatCompletion & ResponseInfo>;
  create(
    request: ChatCompletionRequest,
    options?: RequestOptions,
  ): Promise<MusterStream<ChatCompletionChunk> | (ChatCompletion & ResponseInfo)>;
}

/**
 * `muster.chat`.
 * @example const { completions } = muster.chat;
 */
export interface Chat {
  readonly completions: ChatCompletions;
}

export function createChat(transport: Transport): Chat {
  const create = (request: ChatCompletionRequest, options?: RequestOptions) => {
    const call = { method: "POST", path: "/v1/chat/completions", body: request, options } as const;
    return request.stream
      ? transport.stream<ChatCompletionChunk>(call, textOf)
      : transport.json<ChatCompletion>(call);
  };
  return { completions: { create: create as ChatCompletions["create"] } };
}

function textOf(chunk: ChatCompletionChunk): string {
  return chunk.choices.find((choice) => choice.index === 0)?.delta.content ?? "";
}
