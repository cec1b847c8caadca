import { defineModel } from "../define-model.ts";
import type { ModelEntry } from "../model-entry.ts";

/** Google, 2025: vectors of texts, 768 values, which may be cut to 512, 256 or 128. */
export const embeddingGemma: readonly ModelEntry[] = [
  defineModel({
    id: "embeddinggemma-300m",
    aliases: ["embedding-gemma", "embeddinggemma", "embeddinggemma:300m", "google/embeddinggemma-300m"],
    title: "EmbeddingGemma 300M",
    family: "embedding-gemma",
    rank: 1,
    kind: "embedding",
    parameters: 303_000_000,
    activeParameters: 303_000_000,
    contextTokens: 2_048,
    capabilities: ["embedding", "rerank", "tokenize"],
    licence: "Gemma Terms of Use",
    network: {
      architecture: "gemma-embedding",
      layers: 24,
      embeddingLength: 768,
      vocabularySize: 262_144,
      maxContextTokens: 2_048,
      isTied: false,
      use: "embed",
    },
    files: [
      {
        quantisation: "q8_0",
        uri: "hf:ggml-org/embeddinggemma-300M-GGUF/embeddinggemma-300M-Q8_0.gguf",
        bytes: 333_590_944,
      },
    ],
    golden: [],
    sources: [
      {
        what: "name and size",
        where: "the hub's x-linked-size, as several projects noted it",
        isVerified: false,
      },
      { what: "layers, licence", where: "the model card, from memory of others", isVerified: false },
    ],
  }),
];
