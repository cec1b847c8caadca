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
  { what: "names and sizes of files", where: "projects that pin these files by size", isVerified: false },
  {
    what: "sampling: temperature 0.6, top-p 0.9; no top-k",
    where: "Meta's generation_config.json, from memory of others",
    isVerified: false,
  },
  { what: "layers and heads", where: "config.json, from memory of others", isVerified: false },
];

const shared = {
  family: "llama-3",
  kind: "chat",
  sampling: { temperature: 0.6, topP: 0.9 },
  golden: knownAnswers(32),
  capabilities: chatCapabilities,
  contextTokens: 8 * kib,
  sources,
} as const satisfies Partial<ModelFacts>;

function network(of: {
  readonly layers: number;
  readonly embeddingLength: number;
  readonly headLength: number;
  readonly isTied: boolean;
}): ModelFacts["network"] {
  const { layers, embeddingLength, headLength, isTied } = of;
  return {
    architecture: "llama",
    layers,
    embeddingLength,
    vocabularySize: 128_256,
    maxContextTokens: 128 * kib,
    wide: { layers, kvHeads: 8, headLength },
    isTied,
  };
}

function file(name: string, form: "Q8_0" | "Q4_K_M", bytes?: number): FileFacts {
  const quantisation = form === "Q8_0" ? "q8_0" : "q4_k_m";
  return { quantisation, uri: `hf:bartowski/${name}-GGUF/${name}-${form}.gguf`, bytes };
}

/** Meta, 2024: the sizes of 3.1, 3.2 and 3.3 side by side. */
export const llama3: readonly ModelEntry[] = [
  defineModel({
    ...shared,
    id: "llama-3.2-1b-instruct",
    aliases: ["llama3.2:1b", "meta-llama/llama-3.2-1b-instruct"],
    title: "Llama 3.2 1B Instruct",
    rank: 1,
    parameters: 1_236_000_000,
    activeParameters: 1_236_000_000,
    licence: "Llama 3.2 Community License",
    network: network({ layers: 16, embeddingLength: 2_048, headLength: 64, isTied: true }),
    files: [
      file("Llama-3.2-1B-Instruct", "Q8_0"),
      { ...file("Llama-3.2-1B-Instruct", "Q4_K_M", 807_694_464), bitsPerWeight: 5.2 },
    ],
  }),
  defineModel({
    ...shared,
    id: "llama-3.2-3b-instruct",
    aliases: ["llama3.2:3b", "llama3.2", "meta-llama/llama-3.2-3b-instruct"],
    title: "Llama 3.2 3B Instruct",
    rank: 2,
    parameters: 3_213_000_000,
    activeParameters: 3_213_000_000,
    licence: "Llama 3.2 Community License",
    network: network({ layers: 28, embeddingLength: 3_072, headLength: 128, isTied: true }),
    files: [file("Llama-3.2-3B-Instruct", "Q8_0"), file("Llama-3.2-3B-Instruct", "Q4_K_M", 2_019_377_696)],
  }),
  defineModel({
    ...shared,
    id: "llama-3.1-8b-instruct",
    aliases: ["meta-llama-3.1-8b-instruct", "llama3.1:8b", "llama3.1", "meta-llama/llama-3.1-8b-instruct"],
    title: "Llama 3.1 8B Instruct",
    rank: 3,
    parameters: 8_030_000_000,
    activeParameters: 8_030_000_000,
    licence: "Llama 3.1 Community License",
    network: network({ layers: 32, embeddingLength: 4_096, headLength: 128, isTied: false }),
    files: [
      file("Meta-Llama-3.1-8B-Instruct", "Q8_0"),
      file("Meta-Llama-3.1-8B-Instruct", "Q4_K_M", 4_920_739_232),
    ],
  }),
  defineModel({
    ...shared,
    id: "llama-3.3-70b-instruct",
    aliases: ["llama3.3:70b", "llama3.3", "meta-llama/llama-3.3-70b-instruct"],
    title: "Llama 3.3 70B Instruct",
    rank: 4,
    parameters: 70_554_000_000,
    activeParameters: 70_554_000_000,
    licence: "Llama 3.3 Community License",
    network: network({ layers: 80, embeddingLength: 8_192, headLength: 128, isTied: false }),
    // Its q8_0 is cut into parts in a folder of its own: too large for what Muster is for.
    files: [file("Llama-3.3-70B-Instruct", "Q4_K_M")],
  }),
];
