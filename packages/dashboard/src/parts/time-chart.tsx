import { useEffect, useMemo, useRef, useState } from "react";
import type uPlot from "uplot";
import { useResolvedTheme } from "../data/use-theme.ts";
import { clockTime, clockTimeWithSeconds, shortDate } from "../format/times.ts";
import { type ChartSeries, describe, stacked, topOf } from "./chart-data.ts";
import { createPlot, type PlotShape } from "./plot.ts";

export interface TimeChartProps {
  /** What is drawn; said to screen readers, with a summary. */
  readonly label: string;
  /** Unix seconds, growing. */
  readonly at: readonly number[];
  readonly series: readonly ChartSeries[];
  /** Filled, each on top of the one before it. */
  readonly isStacked?: boolean;
  /** Its axis has no halves. */
  readonly isWhole?: boolean;
  readonly format: (value: number | null) => string;
  /** What the axis ends at, at least. */
  readonly least?: number;
  /** Else as tall as `--chart-height` says. */
  readonly heightPx?: number;
  /** The span of the axis; else that of the values. */
  readonly since?: number;
  readonly until?: number;
  /** Charts with the same name show the same moment. */
  readonly syncedBy?: string;
}

/** Values over time. What the legend tells are the newest values, or those at the cursor. */
export function TimeChart(props: TimeChartProps) {
  const { label, at, series, isStacked = false, isWhole = false, format, heightPx, syncedBy } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [cursor, setCursor] = useState<number | null>(null);
  const theme = useResolvedTheme();
  const shapeKey = series.map(({ id, label: name, color }) => `${id} ${name} ${color}`).join("\n");

  const drawn = useMemo(() => {
    const values = series.map((one) => one.values);
    return isStacked ? stacked(values) : values;
  }, [series, isStacked]);
  const since = props.since ?? at[0] ?? 0;
  const until = props.until ?? at.at(-1) ?? 1;
  const top = topOf(drawn, props.least ?? 1);
  const latest = useRef<PlotShape>(undefined);
  latest.current = { at, drawn, since, until, top, format, series, isStacked, isWhole, syncedBy, setCursor };

  // A plot is made anew when what it draws or its colours change; new values only move its lines.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape is told by its key, and the theme by its name.
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const created = createPlot(element, () => latest.current);
    plot.current = created;
    const watcher = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width === 0 || height === 0) return;
      if (width !== created.width || height !== created.height) created.setSize({ width, height });
    });
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      created.destroy();
      plot.current = undefined;
    };
  }, [shapeKey, isStacked, isWhole, theme, syncedBy]);

  useEffect(() => {
    plot.current?.setData([at as number[], ...(drawn as (number | null)[][])] as uPlot.AlignedData, false);
    plot.current?.setScale("x", { min: since, max: until });
  }, [at, drawn, since, until]);

  const index = cursor !== null && cursor < at.length ? cursor : null;
  return (
    <figure className="chart">
      <div
        ref={box}
        className="chart-canvas"
        role="img"
        aria-label={`${label}. ${describe(series, format)}`}
        style={heightPx === undefined ? undefined : { height: `${heightPx}px` }}
      />
      <Legend at={at} series={series} index={index} format={format} />
    </figure>
  );
}

interface LegendProps {
  readonly at: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly index: number | null;
  readonly format: (value: number | null) => string;
}

function Legend({ at, series, index, format }: LegendProps) {
  const place = index ?? at.length - 1;
  const moment = index === null ? undefined : at[index];
  const isLong = (at.at(-1) ?? 0) - (at[0] ?? 0) > 86_400;
  return (
    <ul className="chart-legend" aria-hidden="true">
      {series.map(({ id, label, color, values }) => (
        <li key={id}>
          <span className="swatch" style={{ background: `var(${color})` }} />
          <span className="one-line">{label}</span>
          <b>{format(values[place] ?? null)}</b>
        </li>
      ))}
      {moment !== undefined && (
        <li className="chart-moment">
          {isLong ? `${shortDate(moment)}, ${clockTime(moment)}` : clockTimeWithSeconds(moment)}
        </li>
      )}
    </ul>
  );
}
