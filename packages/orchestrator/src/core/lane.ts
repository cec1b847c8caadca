/** `interactive`: somebody waits for the answer. `batch`: takes the slots that are left, and gives way. */
export type LaneClass = "interactive" | "batch";

export const laneClasses: readonly LaneClass[] = ["interactive", "batch"];

/** The queue of one model and one class. */
export interface Lane {
  readonly model: string;
  readonly class: LaneClass;
}

/** A name for the lane's queue that any store takes: models may be called `a/b:c`, queues may not. */
export function laneName(lane: Lane): string {
  const model = lane.model.replace(
    /[^A-Za-z0-9._-]/gu,
    (character) => `~${(character.codePointAt(0) ?? 0).toString(16)}~`,
  );
  return `${model}.${lane.class}`;
}

/** What of a lane waits for a slot. */
export interface WaitingLane extends Lane {
  readonly waiting: number;
  readonly oldestWaitMs: number;
}

/** One for each lane of two lists. */
export function mergedLanes(
  some: readonly WaitingLane[],
  others: readonly WaitingLane[],
): readonly WaitingLane[] {
  const lanes = new Map(some.map((lane) => [`${lane.class}.${lane.model}`, lane]));
  for (const lane of others) {
    const name = `${lane.class}.${lane.model}`;
    const { waiting = 0, oldestWaitMs = 0 } = lanes.get(name) ?? {};
    lanes.set(name, {
      ...lane,
      waiting: lane.waiting + waiting,
      oldestWaitMs: Math.max(lane.oldestWaitMs, oldestWaitMs),
    });
  }
  return [...lanes.values()];
}
