/** Times counted by buckets, those that have none left out: adding up those of others and of other times stays right. */
export type SparseCounts = ReadonlyMap<number, number>;

/** Buckets grow by a tenth, from a millisecond: what is told of a quantile is off by 5 % at most. */
const growth = 1.1;
/** An hour and more. */
const lastBucket = 160;

export function bucketOf(ms: number): number {
  if (!(ms > 1)) return 0;
  return Math.min(lastBucket, Math.floor(Math.log(ms) / Math.log(growth)));
}

export function isBucket(bucket: number): boolean {
  return Number.isInteger(bucket) && bucket >= 0 && bucket <= lastBucket;
}

/** Adds `share` of these counts to `into`. */
export function addCounts(into: Map<number, number>, counts: SparseCounts, share = 1): void {
  for (const [bucket, count] of counts) into.set(bucket, (into.get(bucket) ?? 0) + share * count);
}

/** Undefined where nothing was counted. */
export function quantileMs(counts: SparseCounts, quantile: number): number | undefined {
  let total = 0;
  for (const count of counts.values()) total += count;
  if (!(total > 0)) return undefined;
  let left = quantile * total;
  let bucket = 0;
  // Typed arrays are sorted by number, and fast.
  for (const each of Uint8Array.from(counts.keys()).sort()) {
    bucket = each;
    left -= counts.get(each) ?? 0;
    if (left <= 0) break;
  }
  return growth ** (bucket + 0.5);
}
