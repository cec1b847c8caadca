/** Interactive requests, and lines of batches. */
export type UsageClass = "interactive" | "batch";

/** Whose and what usage is. */
export interface UsageOwner {
  readonly keyId: string;
  readonly tenant: string;
  /** As it is served: never a name that nobody knows. */
  readonly model: string;
  readonly class: UsageClass;
}

/** Whom work on a worker is counted for. */
export type Payer = Pick<UsageOwner, "keyId" | "tenant" | "class">;

export interface TokenCounts {
  readonly promptTokens: number;
  /** Of the prompt tokens, those that were in a slot's cache. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** What has been taken. */
export interface UsageCounts extends TokenCounts {
  /** Requests, or lines of batches, that were answered; and those that were not. */
  readonly ok: number;
  readonly failed: number;
  /** Time that attempts held a slot on a worker, those that came to nothing included. */
  readonly workerSeconds: number;
  /** Of that time, where the worker knows what it draws. */
  readonly wattHours: number;
}

export interface UsageRow extends UsageOwner, UsageCounts {
  /** In UTC: `2026-11-29`. */
  readonly day: string;
}

export const noCounts: UsageCounts = {
  ...{ ok: 0, failed: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
  ...{ workerSeconds: 0, wattHours: 0 },
};

export function addCounts(a: UsageCounts, b: Partial<UsageCounts>): UsageCounts {
  return {
    ok: a.ok + (b.ok ?? 0),
    failed: a.failed + (b.failed ?? 0),
    promptTokens: a.promptTokens + (b.promptTokens ?? 0),
    cachedTokens: a.cachedTokens + (b.cachedTokens ?? 0),
    completionTokens: a.completionTokens + (b.completionTokens ?? 0),
    workerSeconds: a.workerSeconds + (b.workerSeconds ?? 0),
    wattHours: a.wattHours + (b.wattHours ?? 0),
  };
}
