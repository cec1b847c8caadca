import { automatonOf } from "./automaton.ts";
import { codePoint, includes } from "./code-points.ts";
import { parsePattern } from "./parse-pattern.ts";

/**
 * Tells whether a text matches, in time that grows with its length times the pattern's size: nothing is tried twice,
 * so no pattern can hang it as it can hang a backtracking engine.
 */
export function patternMatcher(source: string): (text: string) => boolean {
  const { states, start, closure } = automatonOf(parsePattern(source));
  return (text) => {
    let current = closure([start]);
    for (const char of text) {
      const code = codePoint(char);
      const next: number[] = [];
      for (const index of current) {
        const state = states[index];
        if (state?.kind === "read" && includes(state.set, code)) next.push(state.next);
      }
      if (next.length === 0) return false;
      current = closure(next);
    }
    return current.has(0);
  };
}
