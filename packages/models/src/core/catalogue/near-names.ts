import type { ModelEntry } from "./model-entry.ts";

const maxNames = 5;

/** Ids of models that somebody may have meant, the likeliest first: those whose names hold the text, then misspelt ones. */
export function nearNames(entries: readonly ModelEntry[], text: string): readonly string[] {
  const wanted = text.toLowerCase();
  const mostEdits = Math.max(2, Math.floor(wanted.length / 3));
  return entries
    .map((entry) => ({ id: entry.id, edits: leastEdits([entry.id, ...(entry.aliases ?? [])], wanted) }))
    .filter(({ edits }) => edits <= mostEdits)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, maxNames)
    .map(({ id }) => id);
}

function leastEdits(names: readonly string[], wanted: string): number {
  const holds = wanted.length >= 3 && names.some((name) => name.includes(wanted));
  return holds ? 0 : Math.min(...names.map((name) => editsBetween(name, wanted)));
}

/** Characters to put in, take out or exchange. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, character] of [...one].entries()) {
    const next = [at + 1];
    for (let column = 1; column <= other.length; column++) {
      const same = (row[column - 1] ?? 0) + (character === other[column - 1] ? 0 : 1);
      next.push(Math.min(same, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
