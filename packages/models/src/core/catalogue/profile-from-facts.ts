import type { MemoryProfile } from "../memory-profile.ts";

/** Layers that keep keys and values of their own. */
export interface CachingLayers {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headLength: number;
}

/** What is published about a model's network. */
export interface NetworkFacts {
  /** As GGUF files name it. */
  readonly architecture: string;
  /** All repeating layers, with those that share another's keys and values. */
  readonly layers: number;
  readonly embeddingLength: number;
  readonly vocabularySize: number;
  readonly maxContextTokens: number;
  /** Layers that see the whole context; undefined: the model keeps nothing from one token to the next. */
  readonly wide?: CachingLayers | undefined;
  /** Layers that see a window. */
  readonly window?: (CachingLayers & { readonly tokens: number }) | undefined;
  /** The output uses the embeddings of tokens: a GPU gets a copy of them. */
  readonly isTied: boolean;
  /** Embeddings for each layer, which are looked up in main memory. Undefined: none. */
  readonly perLayerParameters?: number | undefined;
  readonly use?: MemoryProfile["use"];
}

/** Keys and values are kept in 16 bits, one of each. */
const bytesPerCached = 2 * 2;

/** What a file should need of memory, by the facts of its model: good enough until its header has been read. */
export function profileFromFacts(
  network: NetworkFacts,
  file: {
    readonly weightsBytes: number;
    readonly bitsPerWeight: number;
    /** For each token, where that is fewer than all. */
    readonly activeParameters?: number | undefined;
  },
): MemoryProfile {
  const { wide, window, embeddingLength, vocabularySize, perLayerParameters = 0 } = network;
  const bytesOf = (parameters: number) => Math.round((parameters * file.bitsPerWeight) / 8);
  const embeddings = vocabularySize * embeddingLength;
  return {
    architecture: network.architecture,
    weightsBytes: Math.round(file.weightsBytes),
    hostWeightsBytes: bytesOf(embeddings + perLayerParameters),
    copiedWeightsBytes: network.isTied ? bytesOf(embeddings) : undefined,
    activeWeightsBytes: file.activeParameters === undefined ? undefined : bytesOf(file.activeParameters),
    layers: network.layers,
    kvBytesPerToken: cachedBytes(wide),
    kvWindowBytesPerToken: cachedBytes(window),
    windowTokens: window?.tokens ?? 0,
    stateBytesPerSlot: 0,
    embeddingLength,
    vocabularySize,
    maxContextTokens: network.maxContextTokens,
    use: network.use,
  };
}

function cachedBytes(layers: CachingLayers | undefined): number {
  return layers === undefined ? 0 : layers.layers * layers.kvHeads * layers.headLength * bytesPerCached;
}
