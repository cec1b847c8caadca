import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";

/**
 * What `rerank.create` takes.
 * @example const request: RerankRequest = { model, query: "red cats", documents, top_n: 3 };
 */
export interface RerankRequest {
  /** A model that is served and can rerank. */
  readonly model: string;
  readonly query: string;
  readonly documents: readonly (string | { readonly text: string })[];
  /** How many of the best to give; left out: all. */
  readonly top_n?: number | null | undefined;
  readonly return_documents?: boolean | null | undefined;
  /** `flex` is work that can wait. */
  readonly service_tier?: "auto" | "default" | "flex" | null | undefined;
}

/**
 * The documents that answer the query best, the best first.
 * @example const [best] = reranking.results;
 */
export interface Reranking {
  readonly id: string;
  readonly model: string;
  readonly results: readonly {
    /** Of the document in the request. */
    readonly index: number;
    /** 0 to 1. */
    readonly relevance_score: number;
    /** With `return_documents`. */
    readonly document?: { readonly text: string };
  }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

/**
 * `muster.rerank`.
 * @example const { results } = await muster.rerank.create({ model, query, documents });
 */
export interface Rerank {
  /**
   * Sorts documents by how well they answer a query. Rejects with a MusterApiError.
   * @example const { results } = await muster.rerank.create({ model, query: "red cats", documents });
   */
  create(request: RerankRequest, options?: RequestOptions): Promise<Reranking & ResponseInfo>;
}

export function createRerank(transport: Transport): Rerank {
  return {
    create: (request, options) =>
      transport.json<Reranking>({ method: "POST", path: "/v1/rerank", body: request, options }),
  };
}
