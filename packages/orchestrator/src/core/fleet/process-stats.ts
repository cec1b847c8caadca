import type { ProcessStats } from "@muster/base";

const sums = [
  "cpuSeconds",
  "engineCrashes",
  "promptTokens",
  "generationTokens",
  "prefillSeconds",
  "decodeSeconds",
] as const;

/**
 * What is known of a worker's process after it has said `said`. Sums never fall, whatever a worker says, but where its
 * process has begun anew: on a new link, with less processor time than before.
 */
export function nextStats(
  before: ProcessStats | undefined,
  said: ProcessStats,
  { isNewLink }: { readonly isNewLink: boolean },
): ProcessStats {
  if (before === undefined || (isNewLink && said.cpuSeconds < before.cpuSeconds)) return said;
  if (sums.every((sum) => said[sum] >= before[sum])) return said;
  const next: { -readonly [K in keyof ProcessStats]: ProcessStats[K] } = { ...said };
  for (const sum of sums) next[sum] = Math.max(before[sum], said[sum]);
  return next;
}
