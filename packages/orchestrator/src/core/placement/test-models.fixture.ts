import type { MemoryProfile } from "@muster/models";
import type { PlacementModel, PlacementVariant } from "./fleet-state.ts";

const gb = 1e9;

/** Models as office fleets serve them, in round figures that are near those of the real files. */
const facts: Readonly<Record<string, { readonly files: Readonly<Record<string, number>> } & Shared>> = {
  "gemma-4-e2b": {
    files: { q8_0: 5.0, q4_k_m: 3.1 },
    ...{ hostShare: 0.45, layers: 35, width: 1536, kvBytes: 14_000, windowKvBytes: 43_000, context: 8192 },
  },
  "gemma-4-e4b": {
    files: { q8_0: 8.2, q4_k_m: 5.0 },
    ...{ hostShare: 0.38, layers: 42, width: 2560, kvBytes: 28_000, windowKvBytes: 86_000, context: 8192 },
  },
  "gemma-4-12b": {
    files: { q8_0: 12.7, q4_k_m: 7.4 },
    ...{ hostShare: 0.08, layers: 48, width: 3840, kvBytes: 66_000, windowKvBytes: 330_000, context: 8192 },
  },
  "gemma-4-26b-a4b": {
    files: { q8_0: 26.9, q4_k_m: 16.8 },
    ...{ hostShare: 0.03, layers: 30, width: 2816, kvBytes: 41_000, windowKvBytes: 205_000, context: 8192 },
    activeShare: 0.15,
  },
  "gemma-4-31b": {
    files: { q8_0: 32.6, q4_k_m: 18.7 },
    ...{ hostShare: 0.04, layers: 60, width: 5376, kvBytes: 82_000, windowKvBytes: 410_000, context: 8192 },
  },
  "embedding-gemma": {
    files: { q8_0: 0.33 },
    ...{ hostShare: 0.6, layers: 24, width: 768, kvBytes: 6_000, windowKvBytes: 18_000, context: 2048 },
    use: "embed",
  },
};

interface Shared {
  /** Of the weights: looked up, and so kept in main memory. */
  readonly hostShare: number;
  readonly layers: number;
  readonly width: number;
  readonly kvBytes: number;
  readonly windowKvBytes: number;
  readonly context: number;
  readonly activeShare?: number;
  readonly use?: "embed";
}

export const testModelIds = Object.keys(facts);

export function testModel(id: string, change: Partial<PlacementModel> = {}): PlacementModel {
  const known = facts[id];
  if (known === undefined) throw new Error(`No test model "${id}".`);
  const variants = Object.entries(known.files).map(([variant, size]): PlacementVariant => {
    const fileBytes = size * gb;
    return {
      id: variant,
      uri: `hf:test/${id}/${id}-${variant}.gguf`,
      sha256: undefined,
      fileBytes,
      profile: profileOf(known, fileBytes),
    };
  });
  return {
    id,
    variants,
    contextTokens: known.context,
    leastContextTokens: Math.min(2048, known.context),
    mostSlots: 8,
    pin: undefined,
    requires: {},
    ...change,
  };
}

function profileOf(shared: Shared, weightsBytes: number): MemoryProfile {
  const { hostShare, layers, width, kvBytes, windowKvBytes, activeShare, use } = shared;
  const hostWeightsBytes = Math.round(weightsBytes * hostShare);
  return {
    architecture: "gemma4",
    weightsBytes,
    hostWeightsBytes,
    activeWeightsBytes: activeShare && Math.round((weightsBytes - hostWeightsBytes) * activeShare),
    layers,
    kvBytesPerToken: kvBytes,
    kvWindowBytesPerToken: windowKvBytes,
    windowTokens: 1024,
    stateBytesPerSlot: 0,
    embeddingLength: width,
    vocabularySize: 262_144,
    maxContextTokens: 131_072,
    use,
  };
}
