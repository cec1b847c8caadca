import { type InferenceDelta, MusterError } from "@muster/base";
import type { AnswerEvent } from "../../core/job.ts";

export type AnswerEnd = Extract<AnswerEvent, { readonly kind: "end" }>;

/**
 * Reads one answer to its end into a state. A new start means that an earlier attempt was lost: what came of it is
 * dropped.
 */
export async function collect<State>(
  answer: AsyncIterable<AnswerEvent>,
  begin: () => State,
  add: (state: State, delta: InferenceDelta) => void,
): Promise<{ readonly state: State; readonly end: AnswerEnd }> {
  let state = begin();
  for await (const event of answer) {
    switch (event.kind) {
      case "started":
        state = begin();
        break;
      case "delta":
        add(state, event.delta);
        break;
      case "end":
        return { state, end: event };
      default:
        event satisfies never;
    }
  }
  throw new MusterError("internal", "An answer ended without an end.");
}

/** For output that no engine gives for what was asked: `engine_failed`. */
export function strayOutput(what: string): MusterError {
  return new MusterError("engine_failed", `The engine's answer makes no sense: ${what}.`);
}
