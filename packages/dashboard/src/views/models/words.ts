import type { CatalogueModel } from "@muster/sdk";

/** What a model is for. */
export const kindWords: Readonly<Record<CatalogueModel["kind"], string>> = {
  chat: "Chat",
  completion: "Completes text",
  embedding: "Embeddings",
  rerank: "Reranking",
};

const capabilityTips: Readonly<Record<string, string>> = {
  tools: "It can call functions of a program.",
  vision: "It understands images.",
  thinking: "It can think before it answers.",
  audio: "It understands sound.",
  structured_output: "Its answers can be held to a JSON Schema.",
  logprobs: "It says how likely each token was.",
  logit_bias: "Tokens can be made more or less likely.",
  tokenize: "It can cut texts into tokens.",
  embedding: "It makes vectors of texts, for search.",
  rerank: "It orders texts by how well they answer a question.",
};

export const capabilityTip = (capability: string): string | undefined => capabilityTips[capability];

const notable = ["tools", "thinking", "vision", "audio"];

/** What people choose a model by; the rest is told with its details. */
export function notableCapabilities({ capabilities }: CatalogueModel): string[] {
  return notable.filter((capability) => capabilities.includes(capability));
}
