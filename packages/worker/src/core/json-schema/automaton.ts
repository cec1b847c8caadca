import type { CodePoints } from "./code-points.ts";
import type { Pattern } from "./pattern.ts";

/** A state that reads a character, one that forks without reading, or the end. */
export type State =
  | { readonly kind: "read"; readonly set: CodePoints; readonly next: number }
  | { readonly kind: "fork"; next: readonly number[] }
  | { readonly kind: "end" };

/** A pattern as states; it ends in state 0. */
export interface Automaton {
  readonly states: readonly State[];
  readonly start: number;
  /** What can be reached without reading. */
  closure(from: readonly number[]): Set<number>;
}

export function automatonOf(pattern: Pattern): Automaton {
  const states: State[] = [{ kind: "end" }];
  const start = build(pattern, 0, states);
  return { states, start, closure: (from) => closure(from, states) };
}

/** Adds the states of a pattern that goes on at `next`; gives the first. */
function build(pattern: Pattern, next: number, states: State[]): number {
  const add = (state: State) => states.push(state) - 1;
  switch (pattern.kind) {
    case "chars":
      return add({ kind: "read", set: pattern.set, next });
    case "sequence":
      return pattern.parts.reduceRight((after, part) => build(part, after, states), next);
    case "choice":
      return add({ kind: "fork", next: pattern.options.map((option) => build(option, next, states)) });
    case "repeat":
      return buildRepeat(pattern, next, states);
    default:
      return pattern satisfies never;
  }
}

function buildRepeat(pattern: Pattern & { kind: "repeat" }, next: number, states: State[]): number {
  let start = next;
  if (pattern.max === Number.POSITIVE_INFINITY) {
    const loop: State = { kind: "fork", next: [] };
    start = states.push(loop) - 1;
    loop.next = [build(pattern.of, start, states), next];
  } else {
    for (let i = pattern.min; i < pattern.max; i++) {
      const once = build(pattern.of, start, states);
      start = states.push({ kind: "fork", next: [once, next] }) - 1;
    }
  }
  for (let i = 0; i < pattern.min; i++) start = build(pattern.of, start, states);
  return start;
}

function closure(from: readonly number[], states: readonly State[]): Set<number> {
  const reached = new Set<number>();
  const open = [...from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const state = states[index];
    if (state?.kind === "fork") open.push(...state.next);
  }
  return reached;
}
