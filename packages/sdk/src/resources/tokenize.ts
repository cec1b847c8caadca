import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";
import type { ChatMessage } from "./chat.ts";

/**
 * What `tokenize.create` takes: a text or a conversation.
 * @example const request: TokenizeRequest = { model, prompt: "Once upon a time" };
 */
export type TokenizeRequest = {
  /** May be left out where one model is served. */
  readonly model?: string | undefined;
  /** Also give the text of each token. */
  readonly return_token_strs?: boolean | undefined;
} & ({ readonly prompt: string } | { readonly messages: readonly ChatMessage[] });

/**
 * The tokens that a prompt becomes.
 * @example if (tokenization.count > 4_000) console.warn("long");
 */
export interface Tokenization {
  readonly model: string;
  readonly count: number;
  /** Tokens that a prompt and its answer can have together; null while no replica is ready. */
  readonly max_model_len: number | null;
  /** Ids in the model's vocabulary, as `logit_bias` takes them. */
  readonly tokens: readonly number[];
  readonly token_strs?: readonly string[];
}

/**
 * `muster.tokenize`.
 * @example const { count } = await muster.tokenize.create({ model, messages });
 */
export interface Tokenize {
  /**
   * Cuts a text or a conversation into tokens. Rejects with a MusterApiError.
   * @example const { tokens } = await muster.tokenize.create({ model, prompt: "Once upon a time" });
   */
  create(request: TokenizeRequest, options?: RequestOptions): Promise<Tokenization & ResponseInfo>;
}

export function createTokenize(transport: Transport): Tokenize {
  return {
    create: (request, options) =>
      transport.json<Tokenization>({ method: "POST", path: "/v1/tokenize", body: request, options }),
  };
}
