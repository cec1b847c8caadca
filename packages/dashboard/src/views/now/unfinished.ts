import type { LiveBatch } from "@muster/sdk";

const over: ReadonlySet<string> = new Set(["completed", "failed", "expired", "cancelled"]);

/** Those that are not over, the next to be done first. */
export function openBatches(batches: Iterable<LiveBatch>): readonly LiveBatch[] {
  return [...batches]
    .filter(({ status }) => !over.has(status))
    .sort((one, other) => endOf(one) - endOf(other) || one.created_at - other.created_at);
}

function endOf({ expected_end_at: at }: LiveBatch): number {
  return at ?? Number.MAX_SAFE_INTEGER;
}
