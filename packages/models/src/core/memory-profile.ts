/** What a model file needs of memory, in terms that hold for any number of slots and any context. */
export interface MemoryProfile {
  readonly architecture: string;
  /** All tensors of the file. */
  readonly weightsBytes: number;
  /** Of these, what stays in main memory though all layers are on a GPU: token embeddings, per-layer embeddings. */
  readonly hostWeightsBytes: number;
  /** Token embeddings that make the logits too: a GPU gets a copy of them. Undefined: none. */
  readonly copiedWeightsBytes?: number | undefined;
  /** What each token's pass reads: not all experts, no embeddings that are looked up. Undefined: all that a GPU holds. */
  readonly activeWeightsBytes?: number | undefined;
  /** Repeating layers. */
  readonly layers: number;
  /** Keys and values in 16 bits, of the layers that see the whole context: for each token of each slot. */
  readonly kvBytesPerToken: number;
  /** The same, of the layers that see a window. */
  readonly kvWindowBytesPerToken: number;
  /** 0: no layer has a window. */
  readonly windowTokens: number;
  /** What a slot takes whatever its context: the state of recurrent layers. */
  readonly stateBytesPerSlot: number;
  readonly embeddingLength: number;
  readonly vocabularySize: number;
  /** Numbers that the widest step of a layer holds for each token of a batch. Undefined: guessed from the embeddings. */
  readonly layerWidth?: number | undefined;
  /** As it was trained. */
  readonly maxContextTokens: number;
  /** `embed`: gives vectors or scores, one text at a time, whatever the slots. Undefined: it writes. */
  readonly use?: "generate" | "embed" | undefined;
}

export interface ReplicaShape {
  readonly slots: number;
  /** Of each slot. */
  readonly contextTokens: number;
  /**
   * Layers on the GPUs, the rest on the processor; `all` or 0 for one or the other. As llama.cpp counts them: the last
   * ones first, and what makes the logits is a layer too, after the last one.
   */
  readonly gpuLayers: number | "all";
  /** GPUs that share the layers; undefined: one. */
  readonly gpus?: number | undefined;
}

export interface ReplicaMemory {
  /** Of all its GPUs together. */
  readonly vramBytes: number;
  readonly ramBytes: number;
}
