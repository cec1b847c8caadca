/** A bucket that holds a minute's worth and is refilled all the time: what is left of it at a moment. */
export interface Bucket {
  /** Below 0 where more was used than had been reserved. */
  readonly level: number;
  readonly atMs: number;
}

const minuteMs = 60_000;

/** What can be taken now; a bucket that nobody has touched is full. */
export function levelOf(bucket: Bucket | undefined, perMinute: number, nowMs: number): number {
  if (bucket === undefined) return perMinute;
  const refilled = (Math.max(0, nowMs - bucket.atMs) * perMinute) / minuteMs;
  return Math.min(perMinute, bucket.level + refilled);
}

/** Until `amount` can be taken; 0 where it can now. */
export function waitMs(level: number, amount: number, perMinute: number): number {
  return Math.max(0, Math.ceil(((amount - level) * minuteMs) / perMinute));
}
