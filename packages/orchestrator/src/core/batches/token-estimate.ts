/** How many tokens prompts of a model become, by their length. */
export interface TokenEstimate {
  /** What the template writes around each prompt. */
  readonly perPrompt: number;
  readonly perCharacter: number;
}

/** What a prompt of so many characters was found to become. */
export interface CountedPrompt {
  readonly characters: number;
  readonly tokens: number;
}

/** What English text has with most vocabularies: where nothing was counted. */
const usualEstimate: TokenEstimate = { perPrompt: 0, perCharacter: 0.25 };
/** On lengths that hardly differ a line has no slope. */
const leastSpread = 0.1;

/** The straight line through counted prompts, by least squares; on their mean it is exact. */
export function fitTokens(counted: readonly CountedPrompt[]): TokenEstimate {
  const usable = counted.filter(({ characters }) => characters > 0);
  const meanOf = (value: (prompt: CountedPrompt) => number) =>
    usable.reduce((sum, prompt) => sum + value(prompt), 0) / usable.length;
  if (usable.length === 0) return usualEstimate;
  const characters = meanOf((prompt) => prompt.characters);
  const tokens = meanOf((prompt) => prompt.tokens);
  const throughZero = { perPrompt: 0, perCharacter: tokens / characters };
  const variance = meanOf((prompt) => (prompt.characters - characters) ** 2);
  if (Math.sqrt(variance) < leastSpread * characters) return throughZero;
  const slope = meanOf((prompt) => (prompt.characters - characters) * (prompt.tokens - tokens)) / variance;
  const perPrompt = tokens - slope * characters;
  return slope > 0 && perPrompt >= 0 ? { perPrompt, perCharacter: slope } : throughZero;
}

export function tokensIn({ perPrompt, perCharacter }: TokenEstimate, characters: number): number {
  return perPrompt + perCharacter * characters;
}
