export type SortValue = number | string | boolean | null | undefined;

export interface Sorting {
  readonly column: string;
  readonly isDescending: boolean;
}

const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** In order of a value; what has none comes last either way, and equals keep their places. */
export function sorted<Row>(
  rows: readonly Row[],
  sortBy: (row: Row) => SortValue,
  isDescending: boolean,
): Row[] {
  const keyed = rows.map((row) => ({ row, value: sortBy(row) }));
  keyed.sort((left, right) => {
    const isLeftUnknown = left.value === null || left.value === undefined;
    const isRightUnknown = right.value === null || right.value === undefined;
    if (isLeftUnknown || isRightUnknown) return Number(isLeftUnknown) - Number(isRightUnknown);
    const order = compare(left.value, right.value);
    return isDescending ? -order : order;
  });
  return keyed.map(({ row }) => row);
}

function compare(left: SortValue, right: SortValue): number {
  if (typeof left === "string" && typeof right === "string") return words.compare(left, right);
  return Number(left) - Number(right);
}
