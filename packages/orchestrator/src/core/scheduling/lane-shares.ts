/** Lines that are taken ahead of a free slot, so that no slot waits for the lane. */
const maxAhead = 64;

/** Fewer slots than this many for each line: lines go into the lane one by one, and share out evenly. */
const slotsPerLine = 8;
const maxLinesPerJob = 8;

/** How many lines are one job of a batch lane. */
export function linesPerJob(slots: number): number {
  return Math.min(maxLinesPerJob, Math.max(1, Math.floor(slots / slotsPerLine)));
}

/**
 * How many jobs each lane of a model may hold at once, given the slots of the fleet and what the interactive lane
 * holds now (running or waiting for a slot). Interactive may hold as many as there are slots; batch what interactive
 * leaves, and as many again that wait for a slot: the next line is read and claimed while the last one is written. They
 * wait behind interactive requests, so a slot that falls free goes to the person who waits.
 */
export function laneShares(
  slots: number,
  held: {
    readonly interactiveHeld?: number;
    /** Requests among the jobs of the batch lane: each is one job, where several lines are. */
    readonly requestsHeld?: number;
    /** Those that leave a free slot alone: what they leave is for the next in the lane. */
    readonly patient?: number;
  },
): { interactive: number; batch: number } {
  if (slots === 0) return { interactive: 0, batch: 0 };
  const { interactiveHeld = 0, requestsHeld = 0, patient = 0 } = held;
  const share = Math.max(0, slots - interactiveHeld) + Math.min(slots, maxAhead) + patient;
  const forLines = Math.max(1, Math.ceil((share - requestsHeld) / linesPerJob(slots)));
  return { interactive: slots + patient, batch: Math.min(share, forLines + requestsHeld) };
}
