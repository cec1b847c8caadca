export interface StopMatch {
  /** Text that is safe to give out: no stop string can begin inside it any more. */
  readonly text: string;
  /** The stop string that has come, if one has. */
  readonly stop: string | undefined;
}

export interface StopMatcher {
  /** Takes the next piece of the answer; after a stop it must not be asked again. */
  push(piece: string): StopMatch;
  /** The text still held back, once the answer ended without a stop string. */
  flush(): string;
}

/**
 * Finds stop strings in text that arrives in pieces. The match that completes first wins (of two that complete
 * together, the longer), so the answer does not depend on how the text was cut into tokens. Empty strings never match.
 */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  const wanted = stops.filter((stop) => stop !== "");
  let held = "";
  return {
    push(piece) {
      if (wanted.length === 0) return { text: piece, stop: undefined };
      const text = held + piece;
      const match = firstMatch(text, wanted);
      if (match !== undefined) {
        held = "";
        return { text: text.slice(0, match.start), stop: match.stop };
      }
      const heldLength = longestOpenPrefix(text, wanted);
      held = text.slice(text.length - heldLength);
      return { text: text.slice(0, text.length - heldLength), stop: undefined };
    },
    flush() {
      const text = held;
      held = "";
      return text;
    },
  };
}

interface Match {
  readonly stop: string;
  readonly start: number;
  readonly end: number;
}

function firstMatch(text: string, stops: readonly string[]): Match | undefined {
  let best: Match | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start < 0) continue;
    const end = start + stop.length;
    if (best === undefined || end < best.end || (end === best.end && start < best.start))
      best = { stop, start, end };
  }
  return best;
}

/** Length of the longest end of `text` with which one of the stop strings could begin. */
export function longestOpenPrefix(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}
