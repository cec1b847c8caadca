/** How often samples are kept, and for how long. */
export const historyKept = {
  fine: { keptMs: 86_400_000 },
  coarse: { keptMs: 30 * 86_400_000 },
} as const;
