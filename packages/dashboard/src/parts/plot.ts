import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clockTime, clockTimeWithSeconds, shortDate } from "../format/times.ts";
import type { ChartSeries, ChartValues } from "./chart-data.ts";

/** What a plot draws at the moment. */
export interface PlotShape {
  readonly at: readonly number[];
  /** As `series`, or their sums where they are stacked. */
  readonly drawn: readonly ChartValues[];
  readonly since: number;
  readonly until: number;
  readonly top: number;
  readonly format: (value: number | null) => string;
  readonly series: readonly ChartSeries[];
  readonly isStacked: boolean;
  /** What is counted has no halves. */
  readonly isWhole: boolean;
  readonly syncedBy: string | undefined;
  readonly setCursor: (index: number | null) => void;
}

const wholeSteps = [1, 10, 100, 1_000, 10_000, 100_000].flatMap((ten) => [ten, 2 * ten, 5 * ten]);

/** Draws into an element; asks for the newest shape whenever it needs to know. */
export function createPlot(element: HTMLElement, shapeNow: () => PlotShape | undefined): uPlot {
  const shape = shapeNow();
  const color = colorsOf(element);
  const line = color("--line");
  const ink = color("--ink-faint");
  const scale = scaleOfText();
  const font = `${12 * scale}px ${getComputedStyle(element).fontFamily}`;
  const stroke = (one: ChartSeries) => color(one.color);
  const series = shape?.series ?? [];
  const isStacked = shape?.isStacked === true;

  const axis = { stroke: ink, font, ticks: { show: false } } as const;
  const options: uPlot.Options = {
    width: Math.max(1, element.clientWidth),
    height: Math.max(1, element.clientHeight),
    // At the right the last moment needs room for its text.
    padding: [8, 16 * scale, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6, width: 2, fill: color("--surface") },
      drag: { x: false, y: false },
      ...(shape?.syncedBy === undefined ? {} : { sync: { key: shape.syncedBy, setSeries: false } }),
    },
    scales: {
      x: { time: true, range: () => [shapeNow()?.since ?? 0, shapeNow()?.until ?? 1] },
      y: { range: () => [0, shapeNow()?.top ?? 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 72 * scale,
        size: 28 * scale,
        values: (_, splits) => splits.map((at) => momentOn(at, shapeNow())),
      },
      {
        ...axis,
        grid: { stroke: line, width: 1 },
        space: 40 * scale,
        gap: 6,
        ...(shape?.isWhole === true ? { incrs: wholeSteps } : {}),
        size: (_, values) => scale * Math.max(34, 10 + 7.2 * longestOf(values ?? [])),
        values: (_, splits) => splits.map((value) => shapeNow()?.format(value) ?? ""),
      },
    ],
    series: [
      {},
      ...series.map((one) => ({
        label: one.label,
        stroke: stroke(one),
        width: isStacked ? 1 : 1.75,
        points: { show: false },
        spanGaps: false,
        ...(isStacked || series.length === 1
          ? { fill: transparent(stroke(one), isStacked ? 0.55 : 0.12) }
          : {}),
      })),
    ],
    ...(isStacked && series.length > 1 ? { bands: bandsOf(series, stroke) } : {}),
    hooks: {
      setCursor: [(plot) => shapeNow()?.setCursor(plot.cursor.idx ?? null)],
    },
  };
  const data = [shape?.at ?? [], ...(shape?.drawn ?? [])] as uPlot.AlignedData;
  return new uPlot(options, data, element);
}

/** Between each sum and the one below it; the lowest is filled down to zero by its own fill. */
function bandsOf(series: readonly ChartSeries[], stroke: (one: ChartSeries) => string): uPlot.Band[] {
  return series.slice(1).map((one, index) => ({
    series: [index + 2, index + 1],
    fill: transparent(stroke(one), 0.55),
  }));
}

/** Canvases do not know custom properties: an element does the sum for them. */
function colorsOf(home: HTMLElement): (name: string) => string {
  const styles = new Map<string, string>();
  return (name) => {
    const known = styles.get(name);
    if (known !== undefined) return known;
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    home.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    styles.set(name, color);
    return color;
  };
}

function transparent(color: string, share: number): string {
  const inner = /^(\w+)\((.*)\)$/.exec(color);
  if (inner === null) return color;
  const [, space, values] = inner;
  return values?.includes(",") === true
    ? `rgba(${values}, ${share})`
    : `${space}(${values?.replace(/\/.*$/, "")} / ${share})`;
}

function momentOn(at: number, shape: PlotShape | undefined): string {
  const spanSeconds = shape === undefined ? 0 : shape.until - shape.since;
  if (spanSeconds < 600) return clockTimeWithSeconds(at);
  const isMidnight = new Date(at * 1000).getHours() === 0 && new Date(at * 1000).getMinutes() === 0;
  return spanSeconds > 3 * 86_400 || isMidnight ? shortDate(at) : clockTime(at);
}

function longestOf(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}

function scaleOfText(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}
