import type { UsageCounts, UsageRow } from "@muster/sdk";
import type { Dimension } from "./usage-query.ts";

export type Measure = "tokens" | "requests" | "energy";

export const measureWords: Readonly<Record<Measure, string>> = {
  tokens: "Tokens",
  requests: "Requests",
  energy: "Energy",
};

function measured(counts: UsageCounts, measure: Measure): number {
  switch (measure) {
    case "tokens":
      return counts.total_tokens;
    case "requests":
      return counts.requests;
    case "energy":
      return counts.watt_hours ?? 0;
    default:
      return measure satisfies never;
  }
}

/** What a row is about: the id that sums go by, and what people call it. */
export function groupOf(row: UsageRow, by: Dimension): { readonly id: string; readonly name: string } {
  const id = row[by] ?? "";
  if (by === "class") return { id, name: classWords[id] ?? id };
  if (by === "key") return { id, name: row.key_name ?? (id === "" ? "no key" : id) };
  return { id, name: id === "" ? "none" : id };
}

const classWords: Readonly<Record<string, string>> = { interactive: "Interactive", batch: "Batch lines" };

export interface Series {
  readonly id: string;
  readonly name: string;
  /** One for each day. */
  readonly values: readonly number[];
  readonly sum: number;
}

/** More colours than these nobody tells apart. */
const maxSeries = 7;
export const othersId = "\u0000others";

interface Wanted {
  readonly days: readonly string[];
  readonly by: Dimension;
  readonly measure: Measure;
}

/** Sums by day, the largest first; those that are small are put together as the last. */
export function seriesOf(rows: readonly UsageRow[], { days, by, measure }: Wanted): readonly Series[] {
  const dayIndex = new Map(days.map((day, index) => [day, index]));
  const found = new Map<string, { readonly name: string; readonly values: number[] }>();
  for (const row of rows) {
    const index = dayIndex.get(row.day ?? "");
    if (index === undefined) continue;
    const { id, name } = groupOf(row, by);
    const series = found.get(id) ?? { name, values: days.map(() => 0) };
    series.values[index] = (series.values[index] ?? 0) + measured(row, measure);
    found.set(id, series);
  }
  const all = [...found]
    .map(([id, { name, values }]) => ({ id, name, values, sum: sumOf(values) }))
    .filter(({ sum }) => sum > 0)
    .sort((a, b) => b.sum - a.sum || (a.name < b.name ? -1 : 1));
  if (all.length <= maxSeries) return all;
  const shown = all.slice(0, maxSeries - 1);
  const rest = all.slice(maxSeries - 1);
  const values = days.map((_, index) => sumOf(rest.map((series) => series.values[index] ?? 0)));
  return [...shown, { id: othersId, name: `${rest.length} others`, values, sum: sumOf(values) }];
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

export interface Bar {
  readonly day: string;
  readonly total: number;
  /** From the bottom up; heights are shares of the axis, 0 to 1. */
  readonly parts: readonly {
    readonly id: string;
    readonly from: number;
    readonly height: number;
    readonly value: number;
  }[];
}

/** Bars under an axis that ends at `top`. */
export function barsOf(
  series: readonly Series[],
  days: readonly string[],
): { readonly bars: readonly Bar[]; readonly top: number } {
  const totals = days.map((_, index) => sumOf(series.map(({ values }) => values[index] ?? 0)));
  const top = niceTop(Math.max(0, ...totals));
  const bars = days.map((day, index) => {
    let from = 0;
    const parts = series.flatMap(({ id, values }) => {
      const value = values[index] ?? 0;
      if (value === 0) return [];
      const part = { id, from, height: value / top, value };
      from += part.height;
      return [part];
    });
    return { day, total: totals[index] ?? 0, parts };
  });
  return { bars, top };
}

/** The next of 1, 2, 2.5, 4, 5, 8, 10 with noughts: an axis that can be read. */
export function niceTop(most: number): number {
  if (most <= 0) return 1;
  const size = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 2.5, 4, 5, 8, 10].find((each) => each * size >= most * 0.9999) ?? 10;
  return step * size;
}
