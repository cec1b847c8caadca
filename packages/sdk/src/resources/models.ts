import { pathOf } from "../base-url.ts";
import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";
import type { CatalogueModel, DeletedModel, ModelPin, ModelPlan, ModelToAdd } from "./catalogue-types.ts";

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
 * A model that can be asked for: one that the fleet serves, one that it could load, or a family of them.
 * @example console.log(`${model.id}: ${model.slots} slots`);
 */
export interface Model {
  readonly id: string;
  readonly object: "model";
  /** Unix seconds. */
  readonly created: number;
  readonly owned_by: string;
  /** `available`: no worker has it loaded, and one would on demand. */
  readonly state?: "served" | "available";
  /** The name stands for the best of `members` that can answer a request. */
  readonly family?: boolean;
  readonly members?: readonly string[];
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
   * Every model and family that can be asked for, those that are served first. Rejects with a MusterApiError.
   * @example const ids = (await muster.models.list()).data.map((model) => model.id);
   */
  list(options?: RequestOptions): Promise<List<Model> & ResponseInfo>;
  /**
   * One model. Rejects with a NotFoundError where the fleet does not serve it.
   * @example const model = await muster.models.retrieve("gemma-4-e4b-it");
   */
  retrieve(id: string, options?: RequestOptions): Promise<Model & ResponseInfo>;
  /**
   * Every model that is known by name, with its files, pins and where it is loaded.
   * @example const pinned = (await muster.models.catalogue()).data.filter((model) => model.pin !== null);
   */
  catalogue(options?: RequestOptions): Promise<List<CatalogueModel> & ResponseInfo>;
  /**
   * Adds a model by what its file says. Rejects with a BadRequestError where it is no GGUF file, or the name is taken.
   * @example await muster.models.add({ uri: "hf:owner/repo/model-Q4_K_M.gguf", family: "ours" });
   */
  add(model: ModelToAdd, options?: RequestOptions): Promise<CatalogueModel & ResponseInfo>;
  /**
   * Takes an added model out of the catalogue. Rejects with a NotFoundError, or a BadRequestError for a built-in one.
   * @example await muster.models.remove("ours-4b");
   */
  remove(id: string, options?: RequestOptions): Promise<DeletedModel & ResponseInfo>;
  /**
   * Has so many replicas of a model loaded always, on workers with these labels.
   * @example await muster.models.pin("gemma-4-e4b-it", { replicas: 2, labels: { room: "lab" } });
   */
  pin(id: string, pin?: ModelPin, options?: RequestOptions): Promise<CatalogueModel & ResponseInfo>;
  /**
   * Lets a model be loaded and unloaded by demand again.
   * @example await muster.models.unpin("gemma-4-e4b-it");
   */
  unpin(id: string, options?: RequestOptions): Promise<CatalogueModel & ResponseInfo>;
  /**
   * Where models would fit, and where not and why: of one, or of all.
   * @example const [plan] = (await muster.models.plan("gemma-4-31b-it")).data;
   */
  plan(id?: string, options?: RequestOptions): Promise<List<ModelPlan> & ResponseInfo>;
}

export function createModels(transport: Transport): Models {
  const all = "/cluster/v1/models";
  return {
    list: (options) => transport.json<List<Model>>({ method: "GET", path: "/v1/models", options }),
    retrieve: async (id, options) =>
      transport.json<Model>({ method: "GET", path: `/v1/models/${pathOf(id)}`, options }),
    catalogue: (options) => transport.json<List<CatalogueModel>>({ method: "GET", path: all, options }),
    add: (model, options) =>
      transport.json<CatalogueModel>({ method: "POST", path: all, body: model, options }),
    remove: async (id, options) =>
      transport.json<DeletedModel>({ method: "DELETE", path: `${all}/${encodeURIComponent(id)}`, options }),
    pin: async (id, pin = {}, options) =>
      transport.json<CatalogueModel>({
        method: "PUT",
        path: `${all}/${encodeURIComponent(id)}/pin`,
        body: pin,
        options,
      }),
    unpin: async (id, options) =>
      transport.json<CatalogueModel>({
        method: "DELETE",
        path: `${all}/${encodeURIComponent(id)}/pin`,
        options,
      }),
    plan: async (id, options) => {
      const query = id === undefined ? "" : `?model=${encodeURIComponent(id)}`;
      return transport.json<List<ModelPlan>>({ method: "GET", path: `${all}/plan${query}`, options });
    },
  };
}
