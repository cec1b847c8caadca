/** What is known of an attempt when it is sent to its worker. */
export interface ExpectedAttempt {
  readonly promptTokens: number | undefined;
  /** From its start to the first token; undefined: the replica has not been measured. */
  readonly prefillMs: number | undefined;
  /** To the last token, if the answer gets as long as it may; undefined: nobody knows. */
  readonly longestMs: number | undefined;
}

const leastSilenceMs = 60_000;
const leastWholeMs = 600_000;
const mostMs = 86_400_000;
/** So many times longer than expected is too long. */
const tooManyTimes = { stream: 10, whole: 4 };
/** What the slowest machine that is of any use reads. */
const slowestPrefillTokensPerSecond = 10;

/**
 * How long an attempt may produce nothing before it is given up; undefined: as long as it likes. An answer that is
 * wanted whole shows nothing before its end, so all of it has to fit.
 */
export function silenceLimitMs(expected: ExpectedAttempt, isWhole: boolean): number | undefined {
  const { promptTokens = 0, prefillMs, longestMs } = expected;
  if (isWhole)
    return longestMs === undefined ? undefined : between(leastWholeMs, tooManyTimes.whole * longestMs);
  return prefillMs === undefined
    ? between(leastSilenceMs, leastSilenceMs + (promptTokens * 1_000) / slowestPrefillTokensPerSecond)
    : between(leastSilenceMs, tooManyTimes.stream * prefillMs);
}

function between(leastMs: number, limitMs: number): number {
  return Math.min(mostMs, Math.max(leastMs, limitMs));
}
