import type { MemoryProfile, ReplicaMemory, ReplicaShape } from "../memory-profile.ts";

/** Where a replica's memory goes, before it is dealt out to GPUs and main memory. */
export interface MemoryParts {
  readonly weightsBytes: number;
  /** Keys, values and recurrent states. */
  readonly cacheBytes: number;
  /** What one batch is computed in. */
  readonly computeBytes: number;
  /** Logits of the last tokens, in main memory. */
  readonly outputBytes: number;
}

/** Tokens of one step, as the engines ask for them; node-llama-cpp adds one where there are windows. */
const batchTokens = 512;
/** llama.cpp rounds every cache up to whole blocks of cells (llama-context.cpp, llama-kv-cache-iswa.cpp). */
const cellBlock = 256;
/** What a token costs beside its numbers: id, position, places in the caches. */
const bookkeepingNumbers = 10;
/** For a profile that does not know its layers' width: feed-forward parts are mostly four times as wide. */
const guessedWidthFactor = 16;

const mib = 1024 ** 2;
const bareProcessBytes = 100 * mib;
/** Texts, scores and ranks of a vocabulary, in llama.cpp's tables and in ours. */
const vocabularyEntryBytes = 720;
/** What a driver and its libraries take on each GPU that a process uses. */
export const gpuContextBytes = 512 * mib;
/** What its driver takes of main memory. */
export const gpuProcessBytes = 400 * mib;

/** A process with Node.js, the engine and a model's vocabulary, but for weights, caches and what batches take. */
export function processBytes(vocabularySize: number): number {
  return bareProcessBytes + vocabularySize * vocabularyEntryBytes;
}

/**
 * What llama.cpp allocates for one replica on one kind of memory. Each slot owns its cells: the cache is not shared
 * (`kv_unified` is off), and a layer with a window keeps the window and one batch. Formulas: llama-kv-cache.cpp,
 * llama-kv-cache-iswa.cpp, llama-memory-recurrent.cpp, llama-context.cpp (graphs are reserved for a whole batch with
 * logits of every token); docs/sizing.md has what was measured.
 */
export function memoryParts(
  profile: MemoryProfile,
  { slots, contextTokens }: Pick<ReplicaShape, "slots" | "contextTokens">,
): MemoryParts {
  const isEmbedding = profile.use === "embed";
  const sequences = isEmbedding ? 1 : Math.max(1, slots);
  const cells = blocksOf(isEmbedding ? contextTokens + 1 : contextTokens);
  const hasWindow = profile.windowTokens > 0;
  const step = Math.max(batchTokens, sequences) + (hasWindow ? 1 : 0);
  // A text that becomes a vector is evaluated in one batch.
  const batch = isEmbedding ? cells : Math.min(step, cells * sequences);
  const windowCells = hasWindow ? blocksOf(Math.min(cells, profile.windowTokens + batch)) : 0;
  const cacheBytes =
    sequences *
    (cells * profile.kvBytesPerToken +
      windowCells * profile.kvWindowBytesPerToken +
      profile.stateBytesPerSlot);
  return {
    weightsBytes: profile.weightsBytes,
    cacheBytes,
    computeBytes: computeBytes(profile, { batch, sequences, cells, windowCells }),
    outputBytes: sequences * (isEmbedding ? profile.embeddingLength : profile.vocabularySize) * 4,
  };
}

function computeBytes(
  profile: MemoryProfile,
  sizes: {
    readonly batch: number;
    readonly sequences: number;
    readonly cells: number;
    readonly windowCells: number;
  },
): number {
  const { batch, sequences, cells, windowCells } = sizes;
  const { embeddingLength, vocabularySize, kvBytesPerToken, kvWindowBytesPerToken, layerWidth } = profile;
  // Masks are of 16 bits, for every cell and token.
  const maskBytes = (kvBytesPerToken > 0 ? cells * 2 : 0) + (kvWindowBytesPerToken > 0 ? windowCells * 2 : 0);
  const widest = layerWidth ?? guessedWidthFactor * embeddingLength;
  const layerBytes = (widest + bookkeepingNumbers) * 4 + maskBytes;
  // Every sequence gets as many tokens of the batch.
  const evenBatch = Math.ceil(batch / sequences) * sequences;
  const logitsBytes = profile.use === "embed" ? 0 : (vocabularySize + 2 * embeddingLength) * 4;
  return Math.max(evenBatch * layerBytes, batch * logitsBytes);
}

/** What a replica of this shape takes of GPUs and of main memory, with its process and its driver. Never negative. */
export function replicaMemory(profile: MemoryProfile, shape: ReplicaShape): ReplicaMemory {
  const parts = memoryParts(profile, shape);
  const allLayers = profile.layers + 1;
  const gpuLayers = shape.gpuLayers === "all" ? allLayers : clamp(shape.gpuLayers, 0, allLayers);
  const ownBytes = processBytes(profile.vocabularySize);
  if (gpuLayers === 0) {
    const { weightsBytes, cacheBytes, computeBytes: compute, outputBytes } = parts;
    return { vramBytes: 0, ramBytes: weightsBytes + cacheBytes + compute + outputBytes + ownBytes };
  }
  const gpus = Math.max(1, shape.gpus ?? 1);
  const blocksOnGpu = gpuLayers - 1;
  const share = profile.layers === 0 ? 1 : blocksOnGpu / profile.layers;
  const { hostWeightsBytes, copiedWeightsBytes = 0 } = profile;
  const gpuWeightsBytes = profile.weightsBytes - hostWeightsBytes;
  const isPartial = blocksOnGpu < profile.layers;
  // Large batches of layers that are not on the GPU are sent there, one layer's weights at a time.
  const passingBytes = isPartial && profile.layers > 0 ? gpuWeightsBytes / profile.layers : 0;
  return {
    vramBytes: Math.ceil(
      gpuWeightsBytes * share +
        copiedWeightsBytes +
        parts.cacheBytes * share +
        parts.computeBytes * gpus +
        passingBytes +
        gpuContextBytes * gpus,
    ),
    ramBytes: Math.ceil(
      hostWeightsBytes +
        gpuWeightsBytes * (1 - share) +
        parts.cacheBytes * (1 - share) +
        (isPartial ? parts.computeBytes : 0) +
        parts.outputBytes +
        ownBytes +
        gpuProcessBytes,
    ),
  };
}

/** Cells that a context of so many tokens is rounded up to. */
export function blocksOf(tokens: number): number {
  return Math.ceil(Math.max(1, tokens) / cellBlock) * cellBlock;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.floor(value)));
}
