import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";
import type { MusterStream } from "../stream.ts";
import type { FinishReason, SamplingParams, Usage } from "./sampling.ts";

/**
 * One turn of a conversation. Content in parts is joined.
 * @example const message: ChatMessage = { role: "user", content: "Why is the sky blue?" };
 */
export interface ChatMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly content: string | readonly { readonly type: "text"; readonly text: string }[];
  readonly name?: string | undefined;
}

/**
 * What `chat.completions.create` takes: OpenAI's fields, and `top_k` and `min_p`.
 * @example const request: ChatCompletionRequest = { model: "gemma-4-e4b-it", messages, max_tokens: 256 };
 */
export interface ChatCompletionRequest extends SamplingParams {
  readonly messages: readonly ChatMessage[];
  /** OpenAI's newer name for `max_tokens`; it wins where both are given. */
  readonly max_completion_tokens?: number | null | undefined;
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
    };
    readonly logprobs?: null;
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
    readonly delta: { readonly role?: "assistant"; readonly content?: string | null };
    readonly logprobs?: null;
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
