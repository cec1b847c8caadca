/** What waits for the next step: a sequence with tokens to evaluate. One token means that it decodes. */
export interface BatchCandidate {
  readonly sequenceId: number;
  readonly tokens: number;
}

export interface BatchShare<T extends BatchCandidate> {
  readonly item: T;
  readonly tokens: number;
}

export interface BatchLimits {
  readonly batchTokens: number;
  /** The most prompt tokens per step while other sequences decode: keeps their gaps short. */
  readonly prefillTokensPerStep: number;
}

/**
 * Shares out one batch: a token for each that decodes, then prompts in the order they came. In the order of their
 * sequences: llama.cpp evaluates neighbours together and starts anew at every gap or step back.
 */
export function planBatch<T extends BatchCandidate>(
  items: readonly T[],
  limits: BatchLimits,
): BatchShare<T>[] {
  const decoding = items.filter((item) => item.tokens === 1).slice(0, limits.batchTokens);
  const shares = decoding.map((item) => ({ item, tokens: 1 }));
  const left = limits.batchTokens - decoding.length;
  let budget = decoding.length === 0 ? left : Math.min(left, limits.prefillTokensPerStep);
  for (const item of items) {
    if (item.tokens === 1) continue;
    const tokens = Math.min(item.tokens, budget);
    if (tokens === 0) break;
    shares.push({ item, tokens });
    budget -= tokens;
  }
  return shares.sort((a, b) => a.item.sequenceId - b.item.sequenceId);
}
