import { chatCapabilities, defineModel, type FileFacts, knownAnswers } from "../define-model.ts";
import type { FactSource, ModelEntry } from "../model-entry.ts";
import type { NetworkFacts } from "../profile-from-facts.ts";

const kib = 1_024;
const vocabularySize = 262_144;
/** Embeddings for each layer, which the two smallest have, stay in main memory. */
const perLayer = (layers: number) => vocabularySize * 256 * layers;

const shared = {
  family: "gemma-4",
  kind: "chat",
  sampling: { temperature: 1, topK: 64, topP: 0.95 },
  licence: "Apache-2.0",
  golden: knownAnswers(64),
} as const;

const sources: readonly FactSource[] = [
  {
    what: "sampling, contexts, licence",
    where: "Google's model cards, as three other sources repeat them",
    isVerified: false,
  },
  {
    what: "layers, heads and windows",
    where: "config.json as tests of several engines quote it; agrees with measured caches of 26B and 31B",
    isVerified: false,
  },
  { what: "names and sizes of files", where: "projects that pin these files by size", isVerified: false },
];

function network(facts: Omit<NetworkFacts, "architecture" | "vocabularySize">): NetworkFacts {
  return { architecture: "gemma4", vocabularySize, ...facts };
}

/** A file of the repository that llama.cpp's makers keep. */
function ours(size: string, form: "Q8_0" | "Q4_K_M"): string {
  return `hf:ggml-org/gemma-4-${size}-it-GGUF/gemma-4-${size}-it-${form}.gguf`;
}

function projector(size: string, bytes?: number): FileFacts["projector"] {
  return { uri: `hf:ggml-org/gemma-4-${size}-it-GGUF/mmproj-gemma-4-${size}-it-Q8_0.gguf`, bytes };
}

/** Google's own, trained for 4 bits. */
function trained(size: string, file: string): string {
  return `hf:google/gemma-4-${size}-it-qat-q4_0-gguf/${file}`;
}

const e2bSees = projector("E2B");
const e4bSees = projector("E4B", 559_874_528);
const m12Sees = projector("12B");
const m26Sees = projector("26B-A4B");
const m31Sees = projector("31B");

const e2b = defineModel({
  ...shared,
  id: "gemma-4-e2b-it",
  aliases: ["gemma-4-e2b", "gemma4:e2b", "google/gemma-4-e2b-it"],
  title: "Gemma 4 E2B",
  rank: 1,
  parameters: 4_650_000_000,
  activeParameters: 2_300_000_000,
  contextTokens: 8 * kib,
  capabilities: [...chatCapabilities, "thinking", "vision", "audio"],
  network: network({
    layers: 35,
    embeddingLength: 1_536,
    maxContextTokens: 128 * kib,
    // The last 20 share keys and values with earlier ones.
    wide: { layers: 3, kvHeads: 1, headLength: 512 },
    window: { layers: 12, kvHeads: 1, headLength: 256, tokens: 512 },
    isTied: true,
    perLayerParameters: perLayer(35),
  }),
  files: [
    { quantisation: "q8_0", uri: ours("E2B", "Q8_0"), bytes: 4_967_494_592, projector: e2bSees },
    {
      quantisation: "qat-q4_0",
      uri: trained("E2B", "gemma-4-E2B_q4_0-it.gguf"),
      bitsPerWeight: 5.76,
      projector: e2bSees,
    },
  ],
  sources: [
    ...sources,
    { what: "3.35 GB for qat-q4_0", where: "the hub's page, rounded", isVerified: false },
  ],
});

const e4b = defineModel({
  ...shared,
  id: "gemma-4-e4b-it",
  aliases: ["gemma-4-e4b", "gemma4:e4b", "google/gemma-4-e4b-it"],
  title: "Gemma 4 E4B",
  rank: 2,
  parameters: 7_520_000_000,
  activeParameters: 4_500_000_000,
  contextTokens: 8 * kib,
  capabilities: [...chatCapabilities, "thinking", "vision", "audio"],
  network: network({
    layers: 42,
    embeddingLength: 2_560,
    maxContextTokens: 128 * kib,
    // The last 18 share keys and values with earlier ones.
    wide: { layers: 4, kvHeads: 2, headLength: 512 },
    window: { layers: 20, kvHeads: 2, headLength: 256, tokens: 512 },
    isTied: true,
    perLayerParameters: perLayer(42),
  }),
  files: [
    { quantisation: "q8_0", uri: ours("E4B", "Q8_0"), bytes: 8_031_240_160, projector: e4bSees },
    {
      quantisation: "qat-q4_0",
      uri: trained("E4B", "gemma-4-E4B_q4_0-it.gguf"),
      bytes: 5_154_941_280,
      bitsPerWeight: 5.48,
      projector: e4bSees,
    },
    {
      quantisation: "q4_k_m",
      uri: ours("E4B", "Q4_K_M"),
      bytes: 5_335_289_824,
      bitsPerWeight: 5.68,
      projector: e4bSees,
    },
  ],
  sources,
});

const m12 = defineModel({
  ...shared,
  id: "gemma-4-12b-it",
  aliases: ["gemma-4-12b", "gemma4:12b", "google/gemma-4-12b-it"],
  title: "Gemma 4 12B",
  rank: 3,
  parameters: 11_950_000_000,
  activeParameters: 11_950_000_000,
  contextTokens: 8 * kib,
  capabilities: [...chatCapabilities, "thinking", "vision", "audio"],
  network: network({
    layers: 48,
    embeddingLength: 3_840,
    maxContextTokens: 256 * kib,
    wide: { layers: 8, kvHeads: 1, headLength: 512 },
    window: { layers: 40, kvHeads: 8, headLength: 256, tokens: 1_024 },
    isTied: true,
  }),
  files: [
    { quantisation: "q8_0", uri: ours("12B", "Q8_0"), projector: m12Sees },
    {
      quantisation: "qat-q4_0",
      uri: trained("12B", "gemma-4-12b-it-qat-q4_0.gguf"),
      bytes: 6_975_879_296,
      projector: m12Sees,
    },
    {
      quantisation: "q4_k_m",
      uri: "hf:unsloth/gemma-4-12b-it-GGUF/gemma-4-12b-it-Q4_K_M.gguf",
      bytes: 7_121_861_440,
      projector: m12Sees,
    },
  ],
  sources,
});

const m26 = defineModel({
  ...shared,
  id: "gemma-4-26b-a4b-it",
  aliases: ["gemma-4-26b-a4b", "gemma-4-26b", "gemma4:26b", "google/gemma-4-26b-a4b-it"],
  title: "Gemma 4 26B A4B",
  rank: 4,
  parameters: 25_200_000_000,
  activeParameters: 3_800_000_000,
  contextTokens: 16 * kib,
  capabilities: [...chatCapabilities, "thinking", "vision"],
  network: network({
    layers: 30,
    embeddingLength: 2_816,
    maxContextTokens: 256 * kib,
    wide: { layers: 5, kvHeads: 2, headLength: 512 },
    window: { layers: 25, kvHeads: 8, headLength: 256, tokens: 1_024 },
    isTied: true,
  }),
  files: [
    { quantisation: "q8_0", uri: ours("26B-A4B", "Q8_0"), bytes: 26_859_858_464, projector: m26Sees },
    {
      quantisation: "qat-q4_0",
      uri: trained("26B-A4B", "gemma-4-26B_q4_0-it.gguf"),
      projector: m26Sees,
    },
    {
      quantisation: "q4_k_m",
      uri: ours("26B-A4B", "Q4_K_M"),
      bytes: 16_796_015_136,
      bitsPerWeight: 5.33,
      projector: m26Sees,
    },
  ],
  sources: [
    ...sources,
    {
      what: "14.4 GB for qat-q4_0, the length of its embeddings",
      where: "told by others",
      isVerified: false,
    },
  ],
});

const m31 = defineModel({
  ...shared,
  id: "gemma-4-31b-it",
  aliases: ["gemma-4-31b", "gemma4:31b", "google/gemma-4-31b-it"],
  title: "Gemma 4 31B",
  rank: 5,
  parameters: 30_700_000_000,
  activeParameters: 30_700_000_000,
  contextTokens: 16 * kib,
  capabilities: [...chatCapabilities, "thinking", "vision"],
  network: network({
    layers: 60,
    embeddingLength: 5_376,
    maxContextTokens: 256 * kib,
    wide: { layers: 10, kvHeads: 4, headLength: 512 },
    window: { layers: 50, kvHeads: 16, headLength: 256, tokens: 1_024 },
    isTied: true,
  }),
  files: [
    { quantisation: "q8_0", uri: ours("31B", "Q8_0"), bytes: 32_635_674_400, projector: m31Sees },
    {
      quantisation: "qat-q4_0",
      uri: trained("31B", "gemma-4-31B_q4_0-it.gguf"),
      bytes: 17_651_001_568,
      projector: m31Sees,
    },
    { quantisation: "q4_k_m", uri: ours("31B", "Q4_K_M"), bytes: 18_687_061_792, projector: m31Sees },
  ],
  sources,
});

/** Google, 2026. Each sees pictures; E2B, E4B and 12B hear as well. */
export const gemma4: readonly ModelEntry[] = [e2b, e4b, m12, m26, m31];
