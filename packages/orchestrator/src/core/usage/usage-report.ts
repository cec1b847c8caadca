import { addCounts, noCounts, type UsageCounts, type UsageRow } from "./usage-row.ts";

/** What usage can be told by. */
export const usageDimensions = ["key", "tenant", "model", "day", "class"] as const;
export type UsageDimension = (typeof usageDimensions)[number];

export type UsageNames = Readonly<Partial<Record<UsageDimension, string>>>;

/** What rows that have the same names have taken together. */
export interface UsageGroup {
  readonly names: UsageNames;
  readonly counts: UsageCounts;
}

/** Sums rows by what is asked for, in the order of their names; their sum is the sum of all rows, however they are grouped. */
export function groupUsage(rows: readonly UsageRow[], by: readonly UsageDimension[]): readonly UsageGroup[] {
  const groups = new Map<string, UsageGroup>();
  for (const row of rows) {
    const values = by.map((dimension) => nameOf(row, dimension));
    const id = JSON.stringify(values);
    const names = Object.fromEntries(by.map((dimension, at) => [dimension, values[at] ?? ""]));
    const group = groups.get(id) ?? { names, counts: noCounts };
    groups.set(id, { names, counts: addCounts(group.counts, row) });
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

function nameOf(row: UsageRow, dimension: UsageDimension): string {
  return dimension === "key" ? row.keyId : row[dimension];
}

/** What the electricity has cost, in the currency of the price; undefined where nothing was measured or no price is set. */
export function costOf({ wattHours }: UsageCounts, pricePerKwh: number | undefined): number | undefined {
  return pricePerKwh === undefined || wattHours === 0 ? undefined : (wattHours / 1_000) * pricePerKwh;
}
