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
