import type { Cell, Colour } from "../table.ts";
import type { Line } from "./line.ts";
import type { RatePoint } from "./top-state.ts";

const heights = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** What was measured counts for so long: what is kept of the past has longer steps than a letter. */
const heldSeconds = 15;

/**
 * The mean of each of `width` equal spans that end at `at`; spans of which nothing is known are blank. The highest is
 * as high as a letter.
 */
export function sparkline(
  rates: readonly RatePoint[],
  { width, at, seconds }: { readonly width: number; readonly at: number; readonly seconds: number },
): string {
  const spans = Array.from({ length: Math.max(0, width) }, () => ({ sum: 0, count: 0 }));
  for (const rate of rates) {
    const span = spans[Math.ceil(width - ((at - rate.at) / seconds) * width) - 1];
    if (span === undefined) continue;
    span.sum += rate.tokensPerSecond;
    span.count += 1;
  }
  const heldSpans = Math.ceil((heldSeconds / seconds) * width);
  let last = Number.NEGATIVE_INFINITY;
  const measured = spans.map(({ sum, count }) => (count === 0 ? undefined : sum / count));
  const means = measured.map((mean, index) => {
    if (mean !== undefined) last = index;
    return index - last <= heldSpans ? measured[last] : undefined;
  });
  const peak = Math.max(0, ...means.map((mean) => mean ?? 0));
  return means.map((mean) => (mean === undefined ? " " : heightOf(mean, peak))).join("");
}

function heightOf(value: number, peak: number): string {
  const step = peak <= 0 ? 0 : Math.min(heights.length - 1, Math.floor((value / peak) * heights.length));
  return heights[step] ?? " ";
}

export interface BarPart {
  /** 0 to 1, of the whole bar. */
  readonly share: number;
  readonly mark: string;
  readonly colour?: Colour | undefined;
}

/** A bar of so many letters; what no part takes is dotted. A part that is more than nothing is seen. */
export function bar(parts: readonly BarPart[], width: number): Line {
  let left = width;
  const cells: Cell[] = [];
  for (const { share, mark, colour } of parts) {
    const wanted = share > 0 ? Math.max(1, Math.round(Math.min(1, share) * width)) : 0;
    const taken = Math.max(0, Math.min(left, wanted));
    left -= taken;
    if (taken > 0)
      cells.push(colour === undefined ? mark.repeat(taken) : { text: mark.repeat(taken), colour });
  }
  return left === 0 ? cells : [...cells, { text: "·".repeat(left), colour: "dim" }];
}
