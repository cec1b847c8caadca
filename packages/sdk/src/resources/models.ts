import { pathOf } from "../base-url.ts";
import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";

/**
 * A list as the API gives it.
 * @example for (const model of (await muster.models.list()).data) console.log(model.id);
 */
export interface List<T> {
  readonly object: "list";
  readonly data: T[];
  readonly has_more: boolean;
}

/**
 * A model that the fleet serves.
 * @example console.log(`${model.id}: ${model.slots} slots`);
 */
export interface Model {
  readonly id: string;
  readonly object: "model";
  /** Unix seconds. */
  readonly created: number;
  readonly owned_by: string;
  /** Answers at once, over the whole fleet. */
  readonly slots?: number;
  /** Workers' copies of it that are ready. */
  readonly replicas?: number;
  /** Of a slot: prompt and answer together; null while no replica is ready. */
  readonly context_tokens?: number | null;
  /** What some worker's copy can be asked for: `chat`, `tools`, `embedding`, ... */
  readonly capabilities?: readonly string[];
}

/**
 * `muster.models`.
 * @example const { data } = await muster.models.list();
 */
export interface Models {
  /**
   * Every model that the fleet serves. Rejects with a MusterApiError.
   * @example const ids = (await muster.models.list()).data.map((model) => model.id);
   */
  list(options?: RequestOptions): Promise<List<Model> & ResponseInfo>;
  /**
   * One model. Rejects with a NotFoundError where the fleet does not serve it.
   * @example const model = await muster.models.retrieve("gemma-4-e4b-it");
   */
  retrieve(id: string, options?: RequestOptions): Promise<Model & ResponseInfo>;
}

export function createModels(transport: Transport): Models {
  return {
    list: (options) => transport.json<List<Model>>({ method: "GET", path: "/v1/models", options }),
    retrieve: async (id, options) =>
      transport.json<Model>({ method: "GET", path: `/v1/models/${pathOf(id)}`, options }),
  };
}
