export interface BackoffPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Delay before try number `attempt` (0 is the first retry): full jitter, a uniform draw from
 * [0, min(max, base * 2^attempt)], so that a crowd that lost its server does not come back in step.
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (2015).
 * @param random a uniform draw from [0, 1)
 */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: () => number): number {
  const ceilingMs = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(attempt, 30));
  return random() * ceilingMs;
}
