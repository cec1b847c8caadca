import { chatCapabilities, defineModel, type FileFacts, knownAnswers } from "../define-model.ts";
import type { FactSource, ModelEntry } from "../model-entry.ts";
import type { NetworkFacts } from "../profile-from-facts.ts";

const kib = 1_024;

const sources: readonly FactSource[] = [
  {
    what: "keys and values for each token, sizes of the qat-q4_0 files",
    where: "the catalogue of llama.cpp's own app: github.com/ggml-org/LlamaBarn, Catalog.swift",
    isVerified: true,
  },
  { what: "sizes of the other files", where: "projects that pin these files by size", isVerified: false },
  { what: "sampling and licence", where: "Google's model cards, from memory of others", isVerified: false },
];

const shared = {
  family: "gemma-3",
  kind: "chat",
  sampling: { temperature: 1, topK: 64, topP: 0.95 },
  licence: "Gemma Terms of Use",
  golden: knownAnswers(32),
  sources,
} as const;

function network(facts: Omit<NetworkFacts, "architecture" | "vocabularySize" | "isTied">): NetworkFacts {
  return { architecture: "gemma3", vocabularySize: 262_144, isTied: true, ...facts };
}

function ours(size: string, form: "Q8_0" | "Q4_K_M"): string {
  return `hf:ggml-org/gemma-3-${size}-it-GGUF/gemma-3-${size}-it-${form}.gguf`;
}

function trained(size: string): string {
  return `hf:ggml-org/gemma-3-${size}-it-qat-GGUF/gemma-3-${size}-it-qat-Q4_0.gguf`;
}

function projector(size: string, bytes?: number): FileFacts["projector"] {
  return { uri: `hf:ggml-org/gemma-3-${size}-it-GGUF/mmproj-model-f16.gguf`, bytes };
}

const m270 = defineModel({
  ...shared,
  id: "gemma-3-270m-it",
  aliases: ["gemma-3-270m", "gemma3:270m", "google/gemma-3-270m-it"],
  title: "Gemma 3 270M",
  rank: 1,
  parameters: 268_000_000,
  activeParameters: 268_000_000,
  contextTokens: 8 * kib,
  capabilities: chatCapabilities,
  network: network({
    layers: 18,
    embeddingLength: 640,
    maxContextTokens: 32 * kib,
    wide: { layers: 3, kvHeads: 1, headLength: 256 },
    window: { layers: 15, kvHeads: 1, headLength: 256, tokens: 512 },
  }),
  files: [
    { quantisation: "q8_0", uri: ours("270m", "Q8_0"), bytes: 291_545_600 },
    { quantisation: "qat-q4_0", uri: trained("270m"), bytes: 241_410_624, bitsPerWeight: 7.1 },
  ],
});

const m1 = defineModel({
  ...shared,
  id: "gemma-3-1b-it",
  aliases: ["gemma-3-1b", "gemma3:1b", "google/gemma-3-1b-it"],
  title: "Gemma 3 1B",
  rank: 2,
  parameters: 1_000_000_000,
  activeParameters: 1_000_000_000,
  contextTokens: 8 * kib,
  capabilities: chatCapabilities,
  network: network({
    layers: 26,
    embeddingLength: 1_152,
    maxContextTokens: 32 * kib,
    wide: { layers: 4, kvHeads: 1, headLength: 256 },
    window: { layers: 22, kvHeads: 1, headLength: 256, tokens: 512 },
  }),
  files: [
    { quantisation: "q8_0", uri: ours("1b", "Q8_0") },
    { quantisation: "qat-q4_0", uri: trained("1b"), bytes: 720_425_600, bitsPerWeight: 5.7 },
    { quantisation: "q4_k_m", uri: ours("1b", "Q4_K_M"), bitsPerWeight: 6.4 },
  ],
});

const m4Sees = projector("4b", 851_251_104);
const m4 = defineModel({
  ...shared,
  id: "gemma-3-4b-it",
  aliases: ["gemma-3-4b", "gemma3:4b", "google/gemma-3-4b-it"],
  title: "Gemma 3 4B",
  rank: 3,
  parameters: 3_880_000_000,
  activeParameters: 3_880_000_000,
  contextTokens: 8 * kib,
  capabilities: [...chatCapabilities, "vision"],
  network: network({
    layers: 34,
    embeddingLength: 2_560,
    maxContextTokens: 128 * kib,
    wide: { layers: 5, kvHeads: 4, headLength: 256 },
    window: { layers: 29, kvHeads: 4, headLength: 256, tokens: 1_024 },
  }),
  files: [
    { quantisation: "q8_0", uri: ours("4b", "Q8_0"), projector: m4Sees },
    {
      quantisation: "qat-q4_0",
      uri: trained("4b"),
      bytes: 2_526_080_992,
      bitsPerWeight: 5.2,
      projector: m4Sees,
    },
    { quantisation: "q4_k_m", uri: ours("4b", "Q4_K_M"), bytes: 2_489_757_856, projector: m4Sees },
  ],
});

const m12Sees = projector("12b", 854_200_224);
const m12 = defineModel({
  ...shared,
  id: "gemma-3-12b-it",
  aliases: ["gemma-3-12b", "gemma3:12b", "google/gemma-3-12b-it"],
  title: "Gemma 3 12B",
  rank: 4,
  parameters: 11_770_000_000,
  activeParameters: 11_770_000_000,
  contextTokens: 8 * kib,
  capabilities: [...chatCapabilities, "vision"],
  network: network({
    layers: 48,
    embeddingLength: 3_840,
    maxContextTokens: 128 * kib,
    wide: { layers: 8, kvHeads: 8, headLength: 256 },
    window: { layers: 40, kvHeads: 8, headLength: 256, tokens: 1_024 },
  }),
  files: [
    { quantisation: "q8_0", uri: ours("12b", "Q8_0"), projector: m12Sees },
    { quantisation: "qat-q4_0", uri: trained("12b"), bytes: 7_131_017_792, projector: m12Sees },
    { quantisation: "q4_k_m", uri: ours("12b", "Q4_K_M"), bytes: 7_300_574_976, projector: m12Sees },
  ],
});

const m27Sees = projector("27b");
const m27 = defineModel({
  ...shared,
  id: "gemma-3-27b-it",
  aliases: ["gemma-3-27b", "gemma3:27b", "google/gemma-3-27b-it"],
  title: "Gemma 3 27B",
  rank: 5,
  parameters: 27_010_000_000,
  activeParameters: 27_010_000_000,
  contextTokens: 8 * kib,
  capabilities: [...chatCapabilities, "vision"],
  network: network({
    layers: 62,
    embeddingLength: 5_376,
    maxContextTokens: 128 * kib,
    wide: { layers: 10, kvHeads: 16, headLength: 128 },
    window: { layers: 52, kvHeads: 16, headLength: 128, tokens: 1_024 },
  }),
  files: [
    { quantisation: "q8_0", uri: ours("27b", "Q8_0"), projector: m27Sees },
    { quantisation: "qat-q4_0", uri: trained("27b"), bytes: 15_908_791_488, projector: m27Sees },
    { quantisation: "q4_k_m", uri: ours("27b", "Q4_K_M"), bytes: 16_546_404_736, projector: m27Sees },
  ],
});

/** Google, 2025. From 4B on they see pictures. */
export const gemma3: readonly ModelEntry[] = [m270, m1, m4, m12, m27];
