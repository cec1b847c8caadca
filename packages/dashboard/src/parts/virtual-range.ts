/** Where rows of different heights begin; the last entry is the height of all. */
export function offsetsOf(count: number, heightOf: (index: number) => number): Float64Array {
  const offsets = new Float64Array(count + 1);
  for (let index = 0; index < count; index++) {
    offsets[index + 1] = (offsets[index] ?? 0) + heightOf(index);
  }
  return offsets;
}

export interface RowRange {
  readonly first: number;
  /** Not included. */
  readonly end: number;
}

/** Which rows are in sight, and some beside them so that scrolling finds them there. */
export function rangeInSight(
  offsets: Float64Array,
  sight: { readonly topPx: number; readonly heightPx: number; readonly beside: number },
): RowRange {
  const count = offsets.length - 1;
  if (count <= 0) return { first: 0, end: 0 };
  const first = rowAt(offsets, Math.max(0, sight.topPx));
  const last = rowAt(offsets, Math.max(0, sight.topPx) + sight.heightPx);
  return {
    first: Math.max(0, first - sight.beside),
    end: Math.min(count, last + 1 + sight.beside),
  };
}

/** The row that has this point: the last that begins at or before it. */
export function rowAt(offsets: Float64Array, px: number): number {
  let low = 0;
  let high = offsets.length - 2;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((offsets[middle] ?? 0) <= px) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}
