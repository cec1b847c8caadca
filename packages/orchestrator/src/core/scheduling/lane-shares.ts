/**
 * How many jobs each lane of a model may hold at once, given the slots of the fleet and what the interactive lane
 * holds now (running or waiting for a slot). Interactive may hold as many as there are slots; batch only what
 * interactive leaves, so that a slot that falls free goes to the person who waits. Batch never falls below one while
 * there is a slot at all: that job waits behind the interactive ones, and the lane need not be stopped and started.
 */
export function laneShares(slots: number, interactiveHeld: number): { interactive: number; batch: number } {
  return { interactive: slots, batch: slots === 0 ? 0 : Math.max(1, slots - interactiveHeld) };
}
