import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";

/**
 * What `embeddings.create` takes.
 * @example const request: EmbeddingRequest = { model, input: ["a red cat", "the blue sky"] };
 */
export interface EmbeddingRequest {
  /** A model that is served and can embed. */
  readonly model: string;
  /** At most 2,048 texts. */
  readonly input: string | readonly string[];
  /** Shorter vectors, where the model was trained for them. */
  readonly dimensions?: number | null | undefined;
  /** `flex` is work that can wait. */
  readonly service_tier?: "auto" | "default" | "flex" | null | undefined;
}

/**
 * A vector of length 1 for each text, in their order.
 * @example const [first] = list.data.map((item) => item.embedding);
 */
export interface EmbeddingList {
  readonly object: "list";
  readonly model: string;
  readonly data: readonly {
    readonly object: "embedding";
    readonly index: number;
    readonly embedding: readonly number[];
  }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

/**
 * `muster.embeddings`.
 * @example const { data } = await muster.embeddings.create({ model, input: "a red cat" });
 */
export interface Embeddings {
  /**
   * Turns texts into vectors. Rejects with a MusterApiError.
   * @example const { data } = await muster.embeddings.create({ model, input: texts });
   */
  create(request: EmbeddingRequest, options?: RequestOptions): Promise<EmbeddingList & ResponseInfo>;
}

/** As it travels: base64 is a third of the size of numbers in JSON. */
interface WireList extends Omit<EmbeddingList, "data"> {
  readonly data: readonly {
    readonly object: "embedding";
    readonly index: number;
    readonly embedding: string | readonly number[];
  }[];
}

export function createEmbeddings(transport: Transport): Embeddings {
  return {
    async create(request, options) {
      const body = { ...request, encoding_format: "base64" };
      const list = await transport.json<WireList>({ method: "POST", path: "/v1/embeddings", body, options });
      return Object.assign(list, {
        data: list.data.map((item) => ({ ...item, embedding: numbersOf(item.embedding) })),
      });
    },
  };
}

/** Little-endian 32-bit floats. */
function numbersOf(embedding: string | readonly number[]): readonly number[] {
  if (typeof embedding !== "string") return embedding;
  const bytes = Uint8Array.from(atob(embedding), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 4 }, (_none, index) => view.getFloat32(index * 4, true));
}
