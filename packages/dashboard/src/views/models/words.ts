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
  json_schema: "Its answers can be held to a JSON Schema.",
  embedding: "It makes vectors of texts, for search.",
  rerank: "It orders texts by how well they answer a question.",
};

export const capabilityTip = (capability: string): string | undefined => capabilityTips[capability];

/** What every model of its kind can do is not worth a word. */
export function notableCapabilities({ kind, capabilities }: CatalogueModel): string[] {
  const usual = new Set<string>([kind, "chat", "completion", "generate", "tokenize"]);
  return capabilities.filter((capability) => !usual.has(capability));
}
