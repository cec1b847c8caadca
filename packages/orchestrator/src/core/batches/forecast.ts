import { type ExpectedHour, timeToDo } from "../fleet/expected-slots.ts";

/** How far a batch was at one moment: totals, which only grow. */
export interface ForecastSample {
  /** Unix time. */
  readonly atMs: number;
  readonly lines: number;
  readonly tokens: number;
}

export interface Forecast {
  /** Unix time. Undefined where there is too little to go by, or nothing moves. */
  readonly finishAtMs: number | undefined;
  readonly linesPerSecond: number;
  readonly tokensPerSecond: number;
  readonly remainingLines: number;
}

/** A stretch of time at whose end lines had been committed. */
interface Stretch {
  readonly endMs: number;
  readonly durationMs: number;
  readonly lines: number;
  readonly tokens: number;
}

/** What lies further back says little of the fleet as it is now. */
const windowMs = 120_000;
/** Where the window holds fewer lines than this it reaches further back. */
const enoughLines = 60;
/** What has just happened counts e times as much as what happened this share of the window before. */
const memoryShare = 0.5;
/** Before this a forecast would be a guess. */
const firstMs = 10_000;
const firstLines = 5;
/** A stretch is a pause when it is this long, this many times as long as usual, and at most so fast. */
const pause = { shortestMs: 30_000, timesUsual: 5, shareOfRate: 0.25 };

/**
 * When a batch should be done, by how fast lines were committed lately. Pauses are left out, and what came before the
 * totals last went down (a ledger was rebuilt).
 * @param samples oldest first
 */
export function forecast(
  samples: readonly ForecastSample[],
  now: {
    readonly nowMs: number;
    readonly remainingLines: number;
    /** What a line that remains should cost, as a multiple of one that is done. */
    readonly relativeCost?: number;
    /** What is expected of the fleet, by what it has now; undefined: it stays as it is. */
    readonly hours?: readonly ExpectedHour[];
  },
): Forecast {
  const { nowMs, remainingLines, relativeCost = 1, hours = [] } = now;
  const unknown = { finishAtMs: undefined, linesPerSecond: 0, tokensPerSecond: 0, remainingLines };
  const stretches = withoutPauses(stretchesOf(samples));
  const lines = sum(stretches, (stretch) => stretch.lines);
  const durationMs = sum(stretches, (stretch) => stretch.durationMs);
  const last = stretches.at(-1);
  if (last === undefined || lines < firstLines || durationMs < firstMs) return unknown;

  const usualMs = median(stretches.map((stretch) => stretch.durationMs));
  const quietMs = nowMs - last.endMs;
  if (quietMs > Math.max(windowMs, pause.timesUsual * usualMs)) return unknown;
  const recent = recentOf(stretches, nowMs);
  // A stretch that goes on for longer than usual is a sign by itself.
  if (quietMs > 2 * usualMs) recent.push({ endMs: nowMs, durationMs: quietMs, lines: 0, tokens: 0 });
  const reachMs = nowMs - Math.min(...recent.map(({ endMs, durationMs }) => endMs - durationMs));
  const memoryMs = memoryShare * Math.max(windowMs, reachMs);
  const weighted = (value: (stretch: Stretch) => number) =>
    sum(recent, (stretch) => value(stretch) * Math.exp((stretch.endMs - nowMs) / memoryMs));
  const seconds = weighted((stretch) => stretch.durationMs) / 1000;
  const linesPerSecond = weighted((stretch) => stretch.lines) / seconds;
  const leftMs = timeToDo((remainingLines * relativeCost * 1000) / linesPerSecond, hours);
  return {
    finishAtMs: leftMs === undefined ? undefined : nowMs + leftMs,
    linesPerSecond,
    tokensPerSecond: weighted((stretch) => stretch.tokens) / seconds,
    remainingLines,
  };
}

/** From one sample with progress to the next: time in which nothing was committed belongs to what was next. */
function stretchesOf(samples: readonly ForecastSample[]): Stretch[] {
  const stretches: Stretch[] = [];
  let start = samples[0];
  for (const sample of samples) {
    if (start === undefined || sample.lines < start.lines) {
      stretches.length = 0;
      start = sample;
    }
    if (sample.lines === start.lines || sample.atMs <= start.atMs) continue;
    stretches.push({
      endMs: sample.atMs,
      durationMs: sample.atMs - start.atMs,
      lines: sample.lines - start.lines,
      tokens: Math.max(0, sample.tokens - start.tokens),
    });
    start = sample;
  }
  return stretches;
}

function withoutPauses(stretches: readonly Stretch[]): Stretch[] {
  const usualMs = median(stretches.map(({ durationMs }) => durationMs));
  const long = ({ durationMs }: Stretch) =>
    durationMs >= Math.max(pause.shortestMs, pause.timesUsual * usualMs);
  const usual = stretches.filter((stretch) => !long(stretch));
  const usualRate = sum(usual, ({ lines }) => lines) / sum(usual, ({ durationMs }) => durationMs);
  return stretches.filter(
    (stretch) => !long(stretch) || stretch.lines / stretch.durationMs > pause.shareOfRate * usualRate,
  );
}

function recentOf(stretches: readonly Stretch[], nowMs: number): Stretch[] {
  const recent: Stretch[] = [];
  let lines = 0;
  for (const stretch of stretches.toReversed()) {
    if (stretch.endMs <= nowMs - windowMs && lines >= enoughLines) break;
    recent.push(stretch);
    lines += stretch.lines;
  }
  return recent.reverse();
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
