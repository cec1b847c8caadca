/** What a part of the screen needs of its rows. */
export interface Part {
  readonly wanted: number;
  /** Given before any other gets more than its least. */
  readonly least: number;
  /** As much as it may have before all others have got that. */
  readonly fair: number;
  /** Whose turn is first, the lowest of all. */
  readonly rank: number;
}

/** Divides rows among parts: first the least, then what is fair, then what is wanted. Never more than there are. */
export function shareRows(parts: readonly Part[], rows: number): number[] {
  const given = parts.map(() => 0);
  const turns = parts.map((_part, at) => at).sort((a, b) => (parts[a]?.rank ?? 0) - (parts[b]?.rank ?? 0));
  let left = rows;
  for (const goal of [
    (part: Part) => Math.min(part.least, part.wanted),
    (part: Part) => Math.min(part.fair, part.wanted),
    (part: Part) => part.wanted,
  ]) {
    for (const at of turns) {
      const part = parts[at];
      if (part === undefined) continue;
      const more = Math.max(0, Math.min(left, goal(part) - (given[at] ?? 0)));
      given[at] = (given[at] ?? 0) + more;
      left -= more;
    }
  }
  return given;
}
