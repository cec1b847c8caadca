/** What a model file needs of memory, in terms that hold for any number of slots and any context. */
export interface MemoryProfile {
  readonly architecture: string;
  /** All tensors of the file. */
  readonly weightsBytes: number;
  /** Of these, what stays in main memory though all layers are on a GPU: token embeddings, per-layer embeddings. */
  readonly hostWeightsBytes: number;
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
  /** As it was trained. */
  readonly maxContextTokens: number;
}

export interface ReplicaShape {
  readonly slots: number;
  /** Of each slot. */
  readonly contextTokens: number;
  /** Layers on the GPUs, the rest on the processor; `all` or 0 for one or the other. */
  readonly gpuLayers: number | "all";
}

export interface ReplicaMemory {
  readonly vramBytes: number;
  readonly ramBytes: number;
}
