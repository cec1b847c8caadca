import type { CollectedPart, LinePart, LinePlan } from "../../ports/line-endpoint.ts";

/** Whoever runs a plan does not know what its parts collect; whoever makes one does. */
interface TypedPlan<State> extends Omit<LinePlan, "parts" | "word"> {
  readonly parts: readonly LinePart<State>[];
  word(collected: readonly CollectedPart<State>[]): unknown;
}

export function linePlan<State>(plan: TypedPlan<State>): LinePlan {
  return plan;
}
