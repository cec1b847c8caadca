/** What users may expect; docs/decisions/0028-alerts-and-dashboards.md says why these. */
export const objectives = {
  /** First tokens that come within the bound, which is a bucket of the histogram. */
  firstToken: { boundSeconds: 5, share: 0.95 },
  /** Requests that are answered, of those that could be. */
  answered: { share: 0.99 },
} as const;

/** A burn rate of 1 uses up what an objective allows in exactly its 30 days. */
export const burns = {
  fast: { rate: 14.4, long: "1h", short: "5m" },
  slow: { rate: 6, long: "6h", short: "30m" },
} as const;

/** With fewer requests than these in the longer window, one unlucky person would be an alert. */
export const leastRequests = 20;

/** The rate of failure that is a burn of `rate`, in as few digits as it takes. */
export function failureShare(objectiveShare: number, rate: number): number {
  return Number(((1 - objectiveShare) * rate).toPrecision(6));
}
