import type { ChatCompletion, ChatCompletionRequest } from "./chat.ts";
import type { Completion, CompletionRequest } from "./completions.ts";
import type { EmbeddingList, EmbeddingRequest } from "./embeddings.ts";

/** What each endpoint of a batch takes and gives. */
interface BatchEndpoints {
  readonly "/v1/chat/completions": {
    readonly request: ChatCompletionRequest;
    readonly response: ChatCompletion;
  };
  readonly "/v1/completions": { readonly request: CompletionRequest; readonly response: Completion };
  readonly "/v1/embeddings": { readonly request: EmbeddingRequest; readonly response: EmbeddingList };
  readonly "/v1/responses": {
    readonly request: Readonly<Record<string, unknown>> & { readonly model: string };
    readonly response: Readonly<Record<string, unknown>>;
  };
}

/**
 * Where the lines of a batch go.
 * @example const endpoint: BatchEndpoint = "/v1/chat/completions";
 */
export type BatchEndpoint = keyof BatchEndpoints;

type Without<T, K extends PropertyKey> = { readonly [P in keyof T as P extends K ? never : P]: T[P] };

/**
 * A request in a batch: what the endpoint takes, never streamed. The model may be left to the batch.
 * @example const body: BatchBody<"/v1/embeddings"> = { input: "a red cat" };
 */
export type BatchBody<E extends BatchEndpoint> = Without<
  BatchEndpoints[E]["request"],
  "model" | "stream" | "stream_options" | "service_tier"
> & { readonly model?: string | undefined };

/**
 * A line of a batch. Results are found by `custom_id`; lines without one are called `line-1`, `line-2`, ...
 * @example const line: BatchLine<"/v1/chat/completions"> = { custom_id: "q-1", body: { messages } };
 */
export interface BatchLine<E extends BatchEndpoint> {
  readonly custom_id?: string | undefined;
  readonly method?: "POST" | undefined;
  readonly url?: E | undefined;
  readonly body: BatchBody<E>;
}

/**
 * Lines to run: an array, or anything that gives them one by one. Bare requests count as lines.
 * @example const lines: BatchLines<"/v1/chat/completions"> = [{ messages: [{ role: "user", content: "Why?" }] }];
 */
export type BatchLines<E extends BatchEndpoint> =
  | Iterable<BatchLine<E> | BatchBody<E>>
  | AsyncIterable<BatchLine<E> | BatchBody<E>>;

/**
 * What an endpoint answers a line with.
 * @example const texts = (answer: BatchResponse<"/v1/completions">) => answer.choices.map((choice) => choice.text);
 */
export type BatchResponse<E extends BatchEndpoint> = BatchEndpoints[E]["response"];

/** The input file: one line of JSON for each. Throws a TypeError for a line that names no model where nobody else does. */
export async function* jsonLinesOf<E extends BatchEndpoint>(
  lines: BatchLines<E>,
  { endpoint, model }: { readonly endpoint: E; readonly model: string | undefined },
): AsyncGenerator<string, void> {
  let number = 0;
  for await (const given of lines) {
    number += 1;
    const line = isLine(given) ? given : { body: given };
    const body = line.body.model === undefined ? { model, ...withoutModel(line.body) } : line.body;
    if (body.model === undefined) {
      throw new TypeError(
        `Line ${number} names no model. Give one in the line, or for the whole batch beside the endpoint.`,
      );
    }
    const whole = {
      custom_id: line.custom_id ?? `line-${number}`,
      method: line.method ?? "POST",
      url: line.url ?? endpoint,
      body,
    };
    yield `${JSON.stringify(whole)}\n`;
  }
}

function isLine<E extends BatchEndpoint>(given: BatchLine<E> | BatchBody<E>): given is BatchLine<E> {
  return "body" in given && typeof given.body === "object" && given.body !== null;
}

/** A model that is there but undefined would hide the batch's. */
function withoutModel(body: object): object {
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== "model"));
}
