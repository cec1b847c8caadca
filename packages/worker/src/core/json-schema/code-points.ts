/** Unicode scalar values as sorted, disjoint, inclusive ranges. */
export type CodePoints = readonly (readonly [from: number, to: number])[];

/** Surrogates are left out: no UTF-8 text holds one. */
export const everyCodePoint: CodePoints = [
  [0, 0xd7ff],
  [0xe000, 0x10ffff],
];

export function unite(...sets: readonly CodePoints[]): CodePoints {
  const sorted = sets.flat().sort((a, b) => a[0] - b[0]);
  const result: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/** One walk through both: a class of a pattern may have thousands of ranges. */
export function subtract(set: CodePoints, removed: CodePoints): CodePoints {
  const rest: (readonly [number, number])[] = [];
  let next = 0;
  for (const [from, to] of set) {
    let start = from;
    while ((removed[next]?.[1] ?? Number.POSITIVE_INFINITY) < from) next += 1;
    for (let at = next; start <= to; at++) {
      const [first, last] = removed[at] ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      if (first > start) rest.push([start, Math.min(to, first - 1)]);
      start = Math.max(start, last + 1);
    }
  }
  return rest;
}

export function complement(set: CodePoints): CodePoints {
  return subtract(everyCodePoint, set);
}

export function intersect(a: CodePoints, b: CodePoints): CodePoints {
  return subtract(a, complement(b));
}

export function codePointsOf(text: string): CodePoints {
  return unite([...text].map((char) => codePoint(char)).map((code) => [code, code] as const));
}

export function includes(set: CodePoints, code: number): boolean {
  return set.some(([from, to]) => from <= code && code <= to);
}

export function codePoint(char: string): number {
  return char.codePointAt(0) ?? 0;
}
