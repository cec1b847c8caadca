import type { GenerateUsage } from "@muster/base";

/** OpenAI's usage of a request: the prompt counts once for its choices, each choice's tokens count. */
export function usageBody(usages: readonly GenerateUsage[], choicesPerPrompt: number) {
  const prompts = usages.filter((_usage, index) => index % choicesPerPrompt === 0);
  const promptTokens = sum(prompts, (usage) => usage.promptTokens);
  const completionTokens = sum(usages, (usage) => usage.completionTokens);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: sum(prompts, (usage) => usage.cachedTokens) },
    completion_tokens_details: { reasoning_tokens: sum(usages, (usage) => usage.reasoningTokens ?? 0) },
  };
}

/** Of what generates nothing: embeddings, rerankings. */
export function promptUsageBody(usages: readonly GenerateUsage[]) {
  const promptTokens = sum(usages, (usage) => usage.promptTokens);
  return { prompt_tokens: promptTokens, total_tokens: promptTokens };
}

function sum(of: readonly GenerateUsage[], pick: (usage: GenerateUsage) => number): number {
  return of.reduce((total, usage) => total + pick(usage), 0);
}
