export type ChartValues = readonly (number | null)[];

export interface ChartSeries {
  readonly id: string;
  readonly label: string;
  /** A custom property: `--hue-1`. */
  readonly color: string;
  readonly values: ChartValues;
}

/** Each on top of those before it; where all are unknown, so is the sum. */
export function stacked(series: readonly ChartValues[]): (number | null)[][] {
  const length = Math.max(0, ...series.map((values) => values.length));
  const sums: (number | null)[] = Array.from({ length }, () => null);
  return series.map((values) => {
    for (let index = 0; index < length; index++) {
      const value = values[index];
      if (value !== null && value !== undefined) sums[index] = (sums[index] ?? 0) + value;
    }
    return [...sums];
  });
}

/** The series with the most in them, and the rest as one; at most `most` in all. */
export function foldSmall(series: readonly ChartSeries[], most: number): ChartSeries[] {
  if (series.length <= most) return [...series];
  const bySize = [...series].sort((left, right) => sumOf(right.values) - sumOf(left.values));
  const kept = new Set(bySize.slice(0, most - 1).map(({ id }) => id));
  const rest = series.filter(({ id }) => !kept.has(id));
  const values = stacked(rest.map((one) => one.values)).at(-1) ?? [];
  return [
    ...series.filter(({ id }) => kept.has(id)),
    { id: "others", label: `${rest.length} others`, color: "--other", values },
  ];
}

export interface SeriesSummary {
  readonly last: number | null;
  readonly highest: number | null;
  readonly mean: number | null;
}

export function summaryOf(values: ChartValues): SeriesSummary {
  let sum = 0;
  let known = 0;
  let highest: number | null = null;
  let last: number | null = null;
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    known += 1;
    last = value;
    if (highest === null || value > highest) highest = value;
  }
  return { last, highest, mean: known === 0 ? null : sum / known };
}

/** What a chart shows, in words, for who does not see it. */
export function describe(series: readonly ChartSeries[], format: (value: number | null) => string): string {
  const sentences = series.map(({ label, values }) => {
    const { last, highest, mean } = summaryOf(values);
    if (last === null) return `${label}: nothing known.`;
    return `${label}: last ${format(last)}, mean ${format(mean)}, highest ${format(highest)}.`;
  });
  return sentences.join(" ");
}

/** Scale of the values from zero, so that small changes do not look large. */
export function topOf(series: readonly ChartValues[], least: number): number {
  let top = least;
  for (const values of series) {
    for (const value of values) if (value !== null && value > top) top = value;
  }
  return top * 1.08;
}

function sumOf(values: ChartValues): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}
