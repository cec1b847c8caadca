/**
 * One file of a model.
 * @example const [best] = model.variants;
 */
export interface CatalogueVariant {
  /** `q8_0`, `qat-q4_0`, ...: what comes after the colon in `gemma-4-e4b-it:q8_0`. */
  readonly id: string;
  readonly uri: string;
  /** Null until its file was asked for. */
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly bits_per_weight: number;
  /** What lets the model see, for engines that take one. */
  readonly projector: { readonly uri: string; readonly bytes: number | null } | null;
}

/**
 * How many replicas of a model there are always.
 * @example const pin: ModelPin = { replicas: 2, labels: { room: "lab" } };
 */
export interface ModelPin {
  /** 1 where it is left out. */
  readonly replicas?: number | undefined;
  /** Labels that a worker must have. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * A model that is known by name.
 * @example console.log(`${model.title}: ${model.variants.map(({ id }) => id).join(", ")}`);
 */
export interface CatalogueModel {
  readonly id: string;
  readonly object: "model";
  readonly title: string;
  readonly family: string;
  readonly kind: "chat" | "completion" | "embedding" | "rerank";
  readonly aliases: readonly string[];
  readonly origin: "built-in" | "added";
  readonly licence: string;
  readonly parameters: number;
  readonly active_parameters: number;
  readonly context_tokens: number;
  readonly max_context_tokens: number;
  readonly capabilities: readonly string[];
  /** What its makers recommend; requests that say nothing get it. */
  readonly sampling: {
    readonly temperature: number;
    readonly top_k: number | null;
    readonly top_p: number;
  } | null;
  /** Best quality first. */
  readonly variants: readonly CatalogueVariant[];
  readonly pin: { readonly replicas: number; readonly labels: Readonly<Record<string, string>> } | null;
  readonly loaded: readonly {
    readonly worker: string;
    readonly worker_id: string;
    readonly state: string;
    readonly variant: string | null;
    readonly slots: number;
    readonly context_tokens: number;
  }[];
}

/**
 * What a model is added with.
 * @example const model: ModelToAdd = { uri: "hf:owner/repo/model-Q4_K_M.gguf" };
 */
export interface ModelToAdd {
  /** `hf:owner/repo/file.gguf`, `https:`, or the path of a `.gguf` file on the orchestrator. */
  readonly uri: string;
  /** Taken from the file's name where it is left out. */
  readonly id?: string | undefined;
  readonly family?: string | undefined;
}

/**
 * What is left of a model that was removed.
 * @example const { deleted } = await muster.models.remove("ours-4b");
 */
export interface DeletedModel {
  readonly id: string;
  readonly deleted: boolean;
}

/**
 * Where a model would fit.
 * @example for (const { worker, reason } of plan.why_not) console.log(`${worker}: ${reason}`);
 */
export interface ModelPlan {
  readonly model: string;
  readonly fits: readonly {
    readonly worker: string;
    readonly variant: string;
    readonly device: string;
    readonly slots: number;
    readonly context_tokens: number;
    readonly reason: string;
  }[];
  readonly why_not: readonly { readonly worker: string; readonly reason: string }[];
  /** Of one answer, on the best of them; null where nobody can say. */
  readonly expected_decode_tokens_per_second: number | null;
}
