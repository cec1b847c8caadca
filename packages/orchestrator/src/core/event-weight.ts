import type { InferenceDelta } from "@muster/base";
import type { AnswerEvent } from "./job.ts";

/** What a piece weighs besides its text. */
const pieceOverhead = 64;

/** What an event takes of the memory for answers that nobody has read yet, in characters. */
export function weightOf(event: AnswerEvent): number {
  return pieceOverhead + (event.kind === "delta" ? weightOfDelta(event.delta) : 0);
}

/** Characters, or what numbers take in their place. */
function weightOfDelta(delta: InferenceDelta): number {
  switch (delta.kind) {
    case "text":
      return (
        delta.text.length + 64 * (delta.logprobs ?? []).reduce((sum, { top }) => sum + 1 + top.length, 0)
      );
    case "reasoning":
    case "tool-arguments":
      return delta.text.length;
    case "embedding":
      return delta.values.length * 8;
    case "token-ids":
      return delta.ids.length * 16;
    case "tool-call":
    case "score":
      return 0;
    default:
      return delta satisfies never;
  }
}
