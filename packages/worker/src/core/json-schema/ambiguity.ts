import { type Automaton, automatonOf } from "./automaton.ts";
import { type CodePoints, includes } from "./code-points.ts";
import type { Pattern } from "./pattern.ts";

/**
 * Places of a pattern that may be open at once. The engine follows all that are, for each token and each token of the
 * vocabulary: with 64 optional characters in a row an answer crawls, with 256 it stands still.
 */
const maxOpen = 48;
/** Steps that are looked at. The widest are followed first, so that hostile patterns show themselves early. */
const maxSteps = 3_000;

/** Whether some text leaves too many places of the pattern open where it stands. */
export function isTooAmbiguous(pattern: Pattern): boolean {
  const automaton = automatonOf(pattern);
  const seen = new Set<string>();
  /** What is to be followed, by how many places are open. */
  const open: (readonly Read[])[][] = Array.from({ length: maxOpen + 1 }, () => []);
  const first = readsAt(automaton, [automaton.start]);
  if (first.length > maxOpen) return true;
  open[first.length]?.push(first);
  for (let steps = 0; steps < maxSteps; ) {
    const reads = open.findLast((waiting) => waiting.length > 0)?.pop();
    if (reads === undefined) return false;
    for (const code of borders(reads.map(({ set }) => set))) {
      steps += 1;
      const next = readsAt(
        automaton,
        reads.filter(({ set }) => includes(set, code)).map(({ next: after }) => after),
      );
      if (next.length > maxOpen) return true;
      const name = next.map(({ index }) => index).join(" ");
      if (next.length === 0 || seen.has(name)) continue;
      seen.add(name);
      open[next.length]?.push(next);
    }
  }
  return false;
}

interface Read {
  readonly index: number;
  readonly set: CodePoints;
  readonly next: number;
}

/** One character for each way in which the sets overlap. */
function borders(sets: readonly CodePoints[]): readonly number[] {
  const found = new Set<number>();
  for (const [from, to] of sets.flatMap((set) => set.slice(0, maxOpen))) found.add(from).add(to + 1);
  return [...found].slice(0, 8 * maxOpen);
}

function readsAt({ closure, states }: Automaton, from: readonly number[]): readonly Read[] {
  const reads: Read[] = [];
  for (const index of [...closure(from)].sort((a, b) => a - b)) {
    const state = states[index];
    if (state?.kind === "read") reads.push({ index, set: state.set, next: state.next });
  }
  return reads;
}
