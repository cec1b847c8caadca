/** How long lines of a batch take, from the slot to the answer. */
export interface LineTimes {
  readonly medianMs: number;
  readonly p90Ms: number;
}

export interface HedgeFacts {
  /** Of the batch, for the line's model: put into the lanes or yet to be, and taken by nobody. */
  readonly waitingLines: number;
  /** On other workers than the line's, less those that hedges have been promised. */
  readonly freeSlotsElsewhere: number;
  readonly runningForMs: number;
  /** Undefined while too few lines are done to say. */
  readonly times: LineTimes | undefined;
  /** Of this line, before. */
  readonly hedges: number;
  /** Of one sequence, as measured; where both are known. */
  readonly tokensPerSecond?: { readonly here: number; readonly elsewhere: number };
}

const maxHedges = 1;
/** A line runs long when it has run for this many times what nine of ten lines take. */
const longTimesP90 = 2;
/** A worker is much slower than another when it needs this many times as long. */
const muchSlower = 3;

/**
 * Whether a line should be tried on a second worker at the same time: only when nothing else could use the slot, and
 * when the second try is likely to come in first.
 */
export function shouldHedge(facts: HedgeFacts): boolean {
  const { waitingLines, freeSlotsElsewhere, runningForMs, times, hedges, tokensPerSecond } = facts;
  if (hedges >= maxHedges || waitingLines > 0 || freeSlotsElsewhere <= 0 || times === undefined) return false;
  if (runningForMs > longTimesP90 * times.p90Ms) return true;
  if (tokensPerSecond === undefined || runningForMs <= times.medianMs) return false;
  return tokensPerSecond.elsewhere >= muchSlower * tokensPerSecond.here;
}

const fewestTimes = 10;

/** What is typical of these durations; undefined where there are too few. */
export function lineTimes(durationsMs: readonly number[]): LineTimes | undefined {
  if (durationsMs.length < fewestTimes) return undefined;
  const sorted = durationsMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { medianMs: at(0.5), p90Ms: at(0.9) };
}
