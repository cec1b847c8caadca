import type { Capability } from "@muster/base";
import type { GoldenPrompt, ModelEntry, ModelVariant } from "./model-entry.ts";
import { type NetworkFacts, profileFromFacts } from "./profile-from-facts.ts";
import { type QuantisationId, quantisation } from "./quantisations.ts";

/** A file as the family lists have it. */
export interface FileFacts {
  readonly quantisation: QuantisationId;
  readonly uri: string;
  /** Undefined: not published where it could be read. */
  readonly bytes?: number | undefined;
  /** Where a file's mix of forms differs from the usual: small models are mostly embeddings, in more bits than the rest. */
  readonly bitsPerWeight?: number | undefined;
  readonly projector?: ModelVariant["projector"];
}

export type ModelFacts = Omit<ModelEntry, "variants" | "maxContextTokens" | "origin"> & {
  readonly network: NetworkFacts;
  readonly files: readonly FileFacts[];
};

/** An entry of the catalogue that comes with Muster. */
export function defineModel({ network, files, ...facts }: ModelFacts): ModelEntry {
  return {
    ...facts,
    maxContextTokens: network.maxContextTokens,
    variants: files.map((file) => variantOf(facts, network, file)),
    origin: "built-in",
  };
}

function variantOf(
  { parameters, activeParameters }: Pick<ModelFacts, "parameters" | "activeParameters">,
  network: NetworkFacts,
  file: FileFacts,
): ModelVariant {
  const bitsPerWeight = file.bitsPerWeight ?? quantisation(file.quantisation).bitsPerWeight;
  const { uri, bytes, projector } = file;
  const weightsBytes = bytes ?? (parameters * bitsPerWeight) / 8;
  return {
    id: file.quantisation,
    uri,
    bytes,
    sha256: undefined,
    bitsPerWeight,
    ...(projector === undefined ? {} : { projector }),
    profile: profileFromFacts(network, {
      weightsBytes,
      bitsPerWeight,
      activeParameters: activeParameters < parameters ? activeParameters : undefined,
    }),
  };
}

/** What every model can do that writes: with a chat template, a grammar and its vectors. */
export const chatCapabilities = [
  "chat",
  "completion",
  "tools",
  "structured_output",
  "logprobs",
  "logit_bias",
  "embedding",
  "rerank",
  "tokenize",
] as const satisfies readonly Capability[];

/** What even a small model knows, and one whose weights or arithmetic are damaged does not say. */
export function knownAnswers(maxTokens: number): readonly GoldenPrompt[] {
  return [
    { prompt: "What is the capital of France? Answer with one word.", expects: ["paris"], maxTokens },
    { prompt: "What is 2 + 2? Answer with the number only.", expects: ["4", "four"], maxTokens },
  ];
}
