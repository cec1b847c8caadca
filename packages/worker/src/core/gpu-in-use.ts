/** What is seen of one GPU. Undefined: its driver does not tell. */
export interface GpuActivity {
  readonly vramBytes: number;
  readonly othersBytes: number | undefined;
  /** Share of the time that it works, whoever for, 0 to 1. */
  readonly utilization: number | undefined;
}

/** A desktop draws with less. */
const busyUtilization = 0.25;
/** A desktop, a browser and an editor hold less of a card; a game or somebody's own model holds more. */
const busyMemoryShare = 0.4;

/**
 * Whether programs other than ours work on a GPU: it is busy though none of our answers runs, or they hold much of its
 * memory. While ours run its load says nothing about others: what was found `before` stays, unless their memory tells.
 */
export function isGpuUsedByOthers(
  gpus: readonly GpuActivity[],
  seen: { readonly isOursBusy: boolean; readonly before: boolean | "unknown" },
): boolean | "unknown" {
  const found = gpus.map((gpu) => isUsed(gpu, seen));
  if (found.includes(true)) return true;
  return found.includes("unknown") ? "unknown" : false;
}

function isUsed(
  { vramBytes, othersBytes, utilization }: GpuActivity,
  { isOursBusy, before }: { readonly isOursBusy: boolean; readonly before: boolean | "unknown" },
): boolean | "unknown" {
  if (othersBytes !== undefined && othersBytes > vramBytes * busyMemoryShare) return true;
  if (isOursBusy) return othersBytes === undefined ? before : false;
  if (utilization === undefined) return "unknown";
  return utilization > busyUtilization;
}
