import type { InferenceEnd } from "@muster/base";

/**
 * How fast a replica is, learnt from its answers. Times are per token, as they were seen beside the sequences that ran
 * at the same time; how much those cost is learnt as well.
 */
export interface ReplicaSpeed {
  readonly answers: number;
  readonly prefillMs: number | undefined;
  readonly decodeMs: number | undefined;
  /** Other sequences beside an answer, on the average of those that were measured. */
  readonly beside: number;
  /** Of other sequences and the time per token, weighted sums in which what is old fades. */
  readonly sums: Sums;
  /** What it is when nothing is wrong: it follows slowly, and not at all where an answer is far too slow. */
  readonly usual: Level | undefined;
  readonly slowInARow: number;
}

/** The time per token, and what ran beside. */
interface Level {
  readonly decodeMs: number;
  readonly beside: number;
}

interface Sums {
  readonly weight: number;
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
}

/** What one answer took. */
export interface SpeedSample extends Pick<InferenceEnd, "usage" | "timings"> {
  /** Sequences that the replica ran at the time, this one included; need not be whole. */
  readonly concurrency: number;
}

/** Of one sequence that has the replica to itself; undefined: never measured. */
export interface Rates {
  readonly prefillTokensPerSecond: number | undefined;
  readonly decodeTokensPerSecond: number | undefined;
  /** What each other sequence adds to the time: from 0, nothing, to 1, as much as if they ran one after the other. */
  readonly contention: number;
}

export const unmeasuredSpeed: ReplicaSpeed = {
  answers: 0,
  prefillMs: undefined,
  decodeMs: undefined,
  beside: 0,
  sums: { weight: 0, x: 0, y: 0, xx: 0, xy: 0 },
  usual: undefined,
  slowInARow: 0,
};

/** How much the latest answer counts. */
const smoothing = 0.3;
/** No answer counts as further than this factor from those before it: one outlier moves little, several in a row do. */
const mostFactor = 4;
const usualSmoothing = 0.05;
/** What is slower than usual by this factor is slow. */
const slowFactor = 4;
/** Answers before there is a usual speed. */
const fewestAnswers = 8;
const slowAnswersToTell = 5;
/** Before it is known, sequences are taken to share the replica; it takes this much spread to outweigh that. */
const assumedContention = 1;
const spreadToTrust = 4;
const sumFading = 0.97;
/** Fewer tokens say nothing about a speed, and nothing works faster than this: who says so is wrong. */
const fewestTokens = { prefill: 16, decode: 4 };
const leastMsPerToken = { prefill: 0.0005, decode: 0.01 };

export function speedAfter(speed: ReplicaSpeed, { usage, timings, concurrency }: SpeedSample): ReplicaSpeed {
  const evaluated = usage.promptTokens - usage.cachedTokens;
  const prefillMs = perToken("prefill", evaluated, timings.prefillMs);
  const decodeMs = perToken("decode", usage.completionTokens - 1, timings.decodeMs);
  const beside = Math.max(0, concurrency - 1);
  const next = {
    ...speed,
    prefillMs: prefillMs === undefined ? speed.prefillMs : moved(speed.prefillMs, prefillMs, smoothing),
  };
  if (decodeMs === undefined) return next;
  const { decodeMs: levelMs } = speed;
  const seenMs =
    levelMs === undefined
      ? decodeMs
      : clipped(expectedMs(speed, { decodeMs: levelMs, beside: speed.beside }, beside), decodeMs);
  return {
    ...next,
    answers: speed.answers + 1,
    decodeMs: moved(levelMs, decodeMs, smoothing),
    beside: levelMs === undefined ? beside : speed.beside + smoothing * (beside - speed.beside),
    sums: summed(speed.sums, beside, seenMs),
    ...usualAfter(speed, { decodeMs, beside }),
  };
}

export function ratesOf(speed: ReplicaSpeed): Rates {
  const contention = contentionOf(speed.sums);
  const shared = 1 + contention * speed.beside;
  const rate = (ms: number | undefined) => (ms === undefined ? undefined : (1_000 * shared) / ms);
  return {
    prefillTokensPerSecond: rate(speed.prefillMs),
    decodeTokensPerSecond: rate(speed.decodeMs),
    contention,
  };
}

/** Of one sequence, as it was with what ran beside it. */
export function seenTokensPerSecond({ decodeMs }: ReplicaSpeed): number | undefined {
  return decodeMs === undefined ? undefined : 1_000 / decodeMs;
}

/** Whether several answers in a row came far more slowly than is usual for the replica. */
export function isFarBelowUsual({ slowInARow }: ReplicaSpeed): boolean {
  return slowInARow >= slowAnswersToTell;
}

/** What it is now is usual from now on: it is no longer ill, but slow. */
export function withNewUsual(speed: ReplicaSpeed): ReplicaSpeed {
  const { decodeMs, beside } = speed;
  return { ...speed, usual: decodeMs === undefined ? undefined : { decodeMs, beside }, slowInARow: 0 };
}

function usualAfter(speed: ReplicaSpeed, latest: Level): Pick<ReplicaSpeed, "usual" | "slowInARow"> {
  const { usual } = speed;
  const follow = (weight: number): Level => ({
    decodeMs: moved(usual?.decodeMs, latest.decodeMs, weight),
    beside: usual === undefined ? latest.beside : usual.beside + weight * (latest.beside - usual.beside),
  });
  if (usual === undefined || speed.answers < fewestAnswers)
    return { usual: follow(smoothing), slowInARow: 0 };
  // With fewer beside it than usual it should be faster. How much is not known well enough to hold it to that.
  const limitMs = slowFactor * Math.max(usual.decodeMs, expectedMs(speed, usual, latest.beside));
  return latest.decodeMs <= limitMs
    ? { usual: follow(usualSmoothing), slowInARow: 0 }
    : { usual, slowInARow: speed.slowInARow + 1 };
}

/** The time per token at another load. */
function expectedMs({ sums }: ReplicaSpeed, level: Level, beside: number): number {
  const contention = contentionOf(sums);
  return (level.decodeMs * (1 + contention * beside)) / (1 + contention * level.beside);
}

function perToken(kind: "prefill" | "decode", tokens: number, ms: number): number | undefined {
  const each = ms / tokens;
  return tokens >= fewestTokens[kind] && each >= leastMsPerToken[kind] && Number.isFinite(each)
    ? each
    : undefined;
}

/** Smoothed over ratios, so that twice as fast and half as fast count alike. */
function moved(before: number | undefined, latest: number, weight: number): number {
  if (before === undefined) return latest;
  return before * (clipped(before, latest) / before) ** weight;
}

function clipped(before: number, latest: number): number {
  return Math.min(before * mostFactor, Math.max(before / mostFactor, latest));
}

function summed({ weight, x, y, xx, xy }: Sums, atX: number, atY: number): Sums {
  return {
    weight: weight * sumFading + 1,
    x: x * sumFading + atX,
    y: y * sumFading + atY,
    xx: xx * sumFading + atX * atX,
    xy: xy * sumFading + atX * atY,
  };
}

/** The slope of the time per token over the sequences beside it, as a share of the time that one takes alone. */
function contentionOf({ weight, x, y, xx, xy }: Sums): number {
  if (weight === 0) return assumedContention;
  const spread = xx - (x * x) / weight;
  if (spread <= 1e-9) return assumedContention;
  const slope = (xy - (x * y) / weight) / spread;
  const aloneMs = (y - slope * x) / weight;
  const fitted = aloneMs <= 0 ? 1 : Math.min(1, Math.max(0, slope / aloneMs));
  const trust = spread / (spread + spreadToTrust);
  return trust * fitted + (1 - trust) * assumedContention;
}
