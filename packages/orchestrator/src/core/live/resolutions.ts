/** How often samples are kept, and for how long. */
export const historyKept = {
  fine: { keptMs: 86_400_000 },
  /** Of a day: to be read with a sixth of the work. */
  middle: { keptMs: 86_400_000 },
  coarse: { keptMs: 30 * 86_400_000 },
} as const;

export type Resolution = keyof typeof historyKept;

/** How long the spans are that are kept, by resolution. */
export type SampleSpans = Readonly<Record<Resolution, number>>;

export const resolutions = ["fine", "middle", "coarse"] as const satisfies readonly Resolution[];
