import { chatCapabilities, defineModel, knownAnswers, type ModelFacts } from "../define-model.ts";
import type { FactSource, ModelEntry } from "../model-entry.ts";

const kib = 1_024;

const sources: readonly FactSource[] = [
  {
    what: "files, sizes, keys and values for each token",
    where: "the catalogue of llama.cpp's own app: github.com/ggml-org/LlamaBarn, Catalog.swift",
    isVerified: true,
  },
  {
    what: "sampling: temperature 1, top-p 1; no top-k",
    where: "OpenAI's README, from memory of others",
    isVerified: false,
  },
  { what: "layers, heads, window", where: "config.json, from memory of others", isVerified: false },
];

const shared = {
  family: "gpt-oss",
  kind: "chat",
  sampling: { temperature: 1, topP: 1 },
  licence: "Apache-2.0",
  golden: knownAnswers(512),
  capabilities: [...chatCapabilities, "thinking"],
  contextTokens: 16 * kib,
  sources,
} as const satisfies Partial<ModelFacts>;

/** Every other layer sees the last 128 tokens only. */
function network(layers: number): ModelFacts["network"] {
  const cache = { layers: layers / 2, kvHeads: 8, headLength: 64 };
  return {
    architecture: "gpt-oss",
    layers,
    embeddingLength: 2_880,
    vocabularySize: 201_088,
    maxContextTokens: 128 * kib,
    wide: cache,
    window: { ...cache, tokens: 128 },
    isTied: false,
  };
}

/** OpenAI, 2025: experts in 4 bits, as they were trained. */
export const gptOss: readonly ModelEntry[] = [
  defineModel({
    ...shared,
    id: "gpt-oss-20b",
    aliases: ["gpt-oss:20b", "openai/gpt-oss-20b"],
    title: "gpt-oss 20B",
    rank: 1,
    parameters: 20_900_000_000,
    activeParameters: 3_600_000_000,
    network: network(24),
    files: [
      {
        quantisation: "mxfp4",
        uri: "hf:ggml-org/gpt-oss-20b-GGUF/gpt-oss-20b-mxfp4.gguf",
        bytes: 12_109_566_560,
      },
    ],
  }),
  defineModel({
    ...shared,
    id: "gpt-oss-120b",
    aliases: ["gpt-oss:120b", "openai/gpt-oss-120b"],
    title: "gpt-oss 120B",
    rank: 2,
    parameters: 116_800_000_000,
    activeParameters: 5_100_000_000,
    network: network(36),
    files: [
      {
        quantisation: "mxfp4",
        uri: "hf:ggml-org/gpt-oss-120b-GGUF/gpt-oss-120b-mxfp4-00001-of-00003.gguf",
        bytes: 63_387_346_464,
      },
    ],
  }),
];
