import type { CodePoints } from "./code-points.ts";

/** A regular expression without anchors: what a finite automaton, and so a grammar, can hold. */
export type Pattern =
  | { readonly kind: "chars"; readonly set: CodePoints }
  | { readonly kind: "sequence"; readonly parts: readonly Pattern[] }
  | { readonly kind: "choice"; readonly options: readonly Pattern[] }
  | { readonly kind: "repeat"; readonly of: Pattern; readonly min: number; readonly max: number };

export function sequenceOf(parts: readonly Pattern[]): Pattern {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: "sequence", parts };
}

export function choiceOf(options: readonly Pattern[]): Pattern {
  const [only] = options;
  return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
}

/** How many single characters the pattern has with its repetitions written out. */
export function sizeOf(pattern: Pattern): number {
  switch (pattern.kind) {
    case "chars":
      return 1;
    case "sequence":
      return pattern.parts.reduce((sum, part) => sum + sizeOf(part), 0);
    case "choice":
      return pattern.options.reduce((sum, option) => sum + sizeOf(option), 0);
    case "repeat":
      return sizeOf(pattern.of) * Math.max(1, Number.isFinite(pattern.max) ? pattern.max : pattern.min);
    default:
      return pattern satisfies never;
  }
}

/** The lengths, in characters, of what the pattern matches. */
export function lengthsOf(pattern: Pattern): { readonly min: number; readonly max: number } {
  switch (pattern.kind) {
    case "chars":
      return { min: 1, max: 1 };
    case "sequence": {
      const all = pattern.parts.map(lengthsOf);
      return { min: sum(all.map(({ min }) => min)), max: sum(all.map(({ max }) => max)) };
    }
    case "choice": {
      const all = pattern.options.map(lengthsOf);
      return { min: Math.min(...all.map(({ min }) => min)), max: Math.max(...all.map(({ max }) => max)) };
    }
    case "repeat": {
      const { min, max } = lengthsOf(pattern.of);
      return { min: min * pattern.min, max: pattern.max === 0 ? 0 : max * pattern.max };
    }
    default:
      return pattern satisfies never;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
