import {
  chatCapabilities,
  defineModel,
  type FileFacts,
  knownAnswers,
  type ModelFacts,
} from "../define-model.ts";
import type { FactSource, ModelEntry } from "../model-entry.ts";

const kib = 1_024;

const sources: readonly FactSource[] = [
  {
    what: "names and sizes of files",
    where: "projects that pin Qwen's own GGUF repositories by size",
    isVerified: false,
  },
  {
    what: "sampling: 0.6 and 0.95 with thoughts, 0.7 and 0.8 without",
    where: "Qwen's model cards, from memory of others",
    isVerified: false,
  },
  { what: "layers and heads", where: "config.json, from memory of others", isVerified: false },
];

const shared = {
  family: "qwen-3",
  kind: "chat",
  sampling: { temperature: 0.6, topK: 20, topP: 0.95 },
  licence: "Apache-2.0",
  golden: knownAnswers(512),
  capabilities: [...chatCapabilities, "thinking"],
  contextTokens: 8 * kib,
  sources,
} as const satisfies Partial<ModelFacts>;

interface Dense {
  readonly layers: number;
  readonly embeddingLength: number;
  /** Where the output uses the embeddings. */
  readonly isTied: boolean;
}

function dense({ layers, embeddingLength, isTied }: Dense): ModelFacts["network"] {
  return {
    architecture: "qwen3",
    layers,
    embeddingLength,
    vocabularySize: 151_936,
    maxContextTokens: 32 * kib,
    wide: { layers, kvHeads: 8, headLength: 128 },
    isTied,
  };
}

function file(size: string, form: "Q8_0" | "Q4_K_M", bytes?: number): FileFacts {
  const quantisation = form === "Q8_0" ? "q8_0" : "q4_k_m";
  return { quantisation, uri: `hf:Qwen/Qwen3-${size}-GGUF/Qwen3-${size}-${form}.gguf`, bytes };
}

/** Alibaba, 2025. They think before they answer unless they are told not to. */
export const qwen3: readonly ModelEntry[] = [
  defineModel({
    ...shared,
    id: "qwen3-0.6b",
    aliases: ["qwen3:0.6b", "qwen/qwen3-0.6b"],
    title: "Qwen3 0.6B",
    rank: 1,
    parameters: 596_000_000,
    activeParameters: 596_000_000,
    network: dense({ layers: 28, embeddingLength: 1_024, isTied: true }),
    files: [file("0.6B", "Q8_0", 639_446_688)],
  }),
  defineModel({
    ...shared,
    id: "qwen3-1.7b",
    aliases: ["qwen3:1.7b", "qwen/qwen3-1.7b"],
    title: "Qwen3 1.7B",
    rank: 2,
    parameters: 1_720_000_000,
    activeParameters: 1_720_000_000,
    network: dense({ layers: 28, embeddingLength: 2_048, isTied: true }),
    files: [file("1.7B", "Q8_0", 1_834_426_016)],
  }),
  defineModel({
    ...shared,
    id: "qwen3-4b",
    aliases: ["qwen3:4b", "qwen/qwen3-4b"],
    title: "Qwen3 4B",
    rank: 3,
    parameters: 4_020_000_000,
    activeParameters: 4_020_000_000,
    network: dense({ layers: 36, embeddingLength: 2_560, isTied: true }),
    files: [file("4B", "Q8_0"), file("4B", "Q4_K_M", 2_497_280_256)],
  }),
  defineModel({
    ...shared,
    id: "qwen3-8b",
    aliases: ["qwen3:8b", "qwen/qwen3-8b"],
    title: "Qwen3 8B",
    rank: 4,
    parameters: 8_190_000_000,
    activeParameters: 8_190_000_000,
    network: dense({ layers: 36, embeddingLength: 4_096, isTied: false }),
    files: [file("8B", "Q8_0"), file("8B", "Q4_K_M", 5_027_783_488)],
  }),
  defineModel({
    ...shared,
    id: "qwen3-14b",
    aliases: ["qwen3:14b", "qwen/qwen3-14b"],
    title: "Qwen3 14B",
    rank: 5,
    parameters: 14_770_000_000,
    activeParameters: 14_770_000_000,
    network: dense({ layers: 40, embeddingLength: 5_120, isTied: false }),
    files: [file("14B", "Q8_0"), file("14B", "Q4_K_M", 9_001_752_960)],
  }),
  defineModel({
    ...shared,
    id: "qwen3-30b-a3b-instruct-2507",
    aliases: ["qwen3-30b-a3b", "qwen3:30b", "qwen/qwen3-30b-a3b-instruct-2507"],
    title: "Qwen3 30B A3B Instruct 2507",
    rank: 6,
    parameters: 30_530_000_000,
    activeParameters: 3_300_000_000,
    sampling: { temperature: 0.7, topK: 20, topP: 0.8 },
    capabilities: chatCapabilities,
    golden: knownAnswers(32),
    network: {
      architecture: "qwen3moe",
      layers: 48,
      embeddingLength: 2_048,
      vocabularySize: 151_936,
      maxContextTokens: 256 * kib,
      wide: { layers: 48, kvHeads: 4, headLength: 128 },
      isTied: false,
    },
    files: [
      {
        quantisation: "q8_0",
        uri: "hf:ggml-org/Qwen3-30B-A3B-Instruct-2507-Q8_0-GGUF/qwen3-30b-a3b-instruct-2507-q8_0.gguf",
        bytes: 32_483_932_576,
      },
      {
        quantisation: "q4_k_m",
        uri: "hf:unsloth/Qwen3-30B-A3B-Instruct-2507-GGUF/Qwen3-30B-A3B-Instruct-2507-Q4_K_M.gguf",
        bytes: 18_556_686_752,
      },
    ],
    sources: [
      {
        what: "files, sizes, keys and values for each token",
        where: "the catalogue of llama.cpp's own app: github.com/ggml-org/LlamaBarn, Catalog.swift",
        isVerified: true,
      },
      ...sources.slice(1),
    ],
  }),
  defineModel({
    ...shared,
    id: "qwen3-32b",
    aliases: ["qwen3:32b", "qwen/qwen3-32b"],
    title: "Qwen3 32B",
    rank: 7,
    parameters: 32_760_000_000,
    activeParameters: 32_760_000_000,
    network: dense({ layers: 64, embeddingLength: 5_120, isTied: false }),
    files: [file("32B", "Q8_0"), file("32B", "Q4_K_M", 19_762_149_024)],
  }),
];
