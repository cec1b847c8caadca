import { defineModel } from "../define-model.ts";
import type { ModelEntry } from "../model-entry.ts";

const shared = {
  kind: "rerank",
  capabilities: ["rerank", "tokenize"],
  licence: "Apache-2.0",
  golden: [],
} as const;

/** Models that judge how well a document answers a query. */
export const rerankers: readonly ModelEntry[] = [
  defineModel({
    ...shared,
    id: "bge-reranker-v2-m3",
    aliases: ["baai/bge-reranker-v2-m3"],
    title: "BGE Reranker v2 M3",
    family: "reranker",
    rank: 1,
    parameters: 568_000_000,
    activeParameters: 568_000_000,
    contextTokens: 2_048,
    network: {
      architecture: "bert",
      layers: 24,
      embeddingLength: 1_024,
      vocabularySize: 250_002,
      maxContextTokens: 8_192,
      isTied: false,
      use: "embed",
    },
    files: [
      {
        quantisation: "q8_0",
        uri: "hf:gpustack/bge-reranker-v2-m3-GGUF/bge-reranker-v2-m3-Q8_0.gguf",
        bytes: 635_676_416,
      },
    ],
    sources: [
      { what: "name and size", where: "an installer that pins the file by its SHA-256", isVerified: false },
      { what: "layers, parameters", where: "the model card, from memory of others", isVerified: false },
    ],
  }),
  defineModel({
    ...shared,
    id: "qwen3-reranker-0.6b",
    aliases: ["qwen/qwen3-reranker-0.6b"],
    title: "Qwen3 Reranker 0.6B",
    family: "reranker",
    rank: 2,
    parameters: 596_000_000,
    activeParameters: 596_000_000,
    contextTokens: 2_048,
    network: {
      architecture: "qwen3",
      layers: 28,
      embeddingLength: 1_024,
      vocabularySize: 151_936,
      maxContextTokens: 32_768,
      wide: { layers: 28, kvHeads: 8, headLength: 128 },
      isTied: false,
      use: "embed",
    },
    files: [
      {
        quantisation: "q8_0",
        uri: "hf:ggml-org/Qwen3-Reranker-0.6B-Q8_0-GGUF/qwen3-reranker-0.6b-q8_0.gguf",
      },
    ],
    sources: [
      { what: "name of the file", where: "projects that use it by this name", isVerified: false },
      { what: "layers and heads", where: "those of Qwen3 0.6B, which it was made of", isVerified: false },
    ],
  }),
];
