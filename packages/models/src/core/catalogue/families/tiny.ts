import { chatCapabilities, defineModel } from "../define-model.ts";
import type { ModelEntry } from "../model-entry.ts";

/** The model that comes with Muster: for tests, and to see that all works. It knows nothing. */
export const tiny: readonly ModelEntry[] = [
  defineModel({
    id: "tiny-gemma",
    title: "Muster Tiny Gemma",
    family: "tiny",
    rank: 1,
    kind: "chat",
    parameters: 1_300_000,
    activeParameters: 1_300_000,
    contextTokens: 2_048,
    capabilities: [...chatCapabilities, "thinking"],
    sampling: { temperature: 1, topK: 64, topP: 0.95 },
    licence: "Apache-2.0",
    network: {
      architecture: "gemma3",
      layers: 6,
      embeddingLength: 128,
      vocabularySize: 736,
      maxContextTokens: 4_096,
      wide: { layers: 1, kvHeads: 2, headLength: 32 },
      window: { layers: 5, kvHeads: 2, headLength: 32, tokens: 512 },
      isTied: true,
    },
    files: [{ quantisation: "q8_0", uri: "builtin:tiny-gemma", bytes: 1_395_200 }],
    golden: [],
    sources: [{ what: "all of it", where: "its own header", isVerified: true }],
  }),
];
