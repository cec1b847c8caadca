import { alerts } from "../alerts/index.ts";

/** A query and what its lines are called; `{{model}}` is the label's value. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

export interface PanelOptions {
  readonly title: string;
  /** What it shows, and what a bad value means. */
  readonly description: string;
  /** As Grafana names units: s, bytes, percentunit, short, reqps, watt, celsius, ... */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Of 24 columns. */
  readonly width: number;
  /** Where a value becomes bad, and worse. */
  readonly thresholds?: readonly [warning: number, critical: number];
  /** Small values are the bad ones. */
  readonly isLowBad?: boolean;
  /** Lines on top of each other: parts of a whole. */
  readonly isStacked?: boolean;
  readonly max?: number;
  /** Alerts that look at the same: the panel links to them. */
  readonly alerts?: readonly string[];
}

export type PanelKind = "timeseries" | "stat" | "bargauge" | "table";

export interface PanelPlan extends PanelOptions {
  readonly kind: PanelKind;
}

export interface RowPlan {
  readonly title: string;
  readonly panels: readonly PanelPlan[];
}

export const lines = (options: PanelOptions): PanelPlan => ({ kind: "timeseries", ...options });
export const number = (options: PanelOptions): PanelPlan => ({ kind: "stat", ...options });
export const bars = (options: PanelOptions): PanelPlan => ({ kind: "bargauge", ...options });
export const table = (options: PanelOptions): PanelPlan => ({ kind: "table", ...options });

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is a variable of Grafana.
export const datasource = { type: "prometheus", uid: "${datasource}" };
const heights: Readonly<Record<PanelKind, number>> = { timeseries: 8, stat: 4, bargauge: 8, table: 8 };

/** Rows one under the other, their panels from left to right; ids are numbered. */
export function layOut(rows: readonly RowPlan[]) {
  const panels: object[] = [];
  let y = 0;
  for (const { title, panels: plans } of rows) {
    panels.push({
      ...{ id: panels.length + 1, type: "row", title, collapsed: false, panels: [] },
      gridPos: { h: 1, w: 24, x: 0, y },
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const plan of plans) {
      if (x + plan.width > 24) {
        y += height;
        x = 0;
        height = 0;
      }
      const h = heights[plan.kind];
      panels.push({ id: panels.length + 1, ...panelOf(plan), gridPos: { h, w: plan.width, x, y } });
      x += plan.width;
      height = Math.max(height, h);
    }
    y += height;
  }
  return panels;
}

function panelOf(plan: PanelPlan) {
  const { kind, title, description, queries } = plan;
  const isNow = kind !== "timeseries";
  return {
    ...{ type: kind, title, description: [description, ...advice(plan)].join("\n\n"), datasource },
    fieldConfig: { defaults: fieldDefaults(plan), overrides: [] },
    options: optionsOf(kind),
    links: linksOf(plan),
    targets: queries.map(({ expr, legend }, index) => ({
      ...{
        refId: String.fromCharCode(65 + index),
        datasource,
        editorMode: "code",
        expr,
        legendFormat: legend,
      },
      ...(isNow
        ? { instant: true, range: false, format: kind === "table" ? "table" : "time_series" }
        : { instant: false, range: true }),
    })),
    ...(kind === "table"
      ? {
          transformations: [
            {
              id: "organize",
              options: { excludeByName: { Time: true, Value: true }, indexByName: {}, renameByName: {} },
            },
          ],
        }
      : {}),
  };
}

function advice({ alerts: names = [] }: PanelPlan): string[] {
  for (const name of names)
    if (!alerts.some((alert) => alert.name === name)) throw new Error(`There is no alert ${name}.`);
  return names.length === 0 ? [] : [`Alerts: ${names.join(", ")} (docs/alerts.md says what to do).`];
}

const linksOf = ({ alerts: names = [] }: PanelPlan) =>
  names.map((name) => ({
    ...{ type: "link", icon: "doc", tags: [], tooltip: "", asDropdown: false },
    ...{ includeVars: false, keepTime: false, title: `What to do: ${name}` },
    url: `\${docs}/alerts.md#${name.toLowerCase()}`,
    targetBlank: true,
  }));

function fieldDefaults({ kind, unit, thresholds, isLowBad = false, isStacked = false, max }: PanelPlan) {
  const [warning, critical] = thresholds ?? [];
  const steps =
    warning === undefined || critical === undefined
      ? [{ color: "green", value: null }]
      : isLowBad
        ? [
            { color: "red", value: null },
            { color: "orange", value: critical },
            { color: "green", value: warning },
          ]
        : [
            { color: "green", value: null },
            { color: "orange", value: warning },
            { color: "red", value: critical },
          ];
  return {
    ...{ unit, min: 0, ...(max === undefined ? {} : { max }) },
    color: { mode: kind === "timeseries" ? "palette-classic" : "thresholds" },
    thresholds: { mode: "absolute", steps },
    ...(kind === "timeseries"
      ? {
          custom: {
            ...{
              drawStyle: "line",
              lineInterpolation: "linear",
              lineWidth: 1,
              showPoints: "never",
              spanNulls: false,
            },
            fillOpacity: isStacked ? 40 : 8,
            stacking: { mode: isStacked ? "normal" : "none", group: "A" },
            thresholdsStyle: { mode: thresholds === undefined ? "off" : "dashed" },
          },
        }
      : {}),
  };
}

function optionsOf(kind: PanelKind) {
  const reduceOptions = { values: false, calcs: ["lastNotNull"], fields: "" };
  switch (kind) {
    case "timeseries":
      return {
        legend: {
          displayMode: "table",
          placement: "bottom",
          showLegend: true,
          calcs: ["mean", "max", "lastNotNull"],
        },
        tooltip: { mode: "multi", sort: "desc" },
      };
    case "stat":
      return {
        ...{ reduceOptions, colorMode: "value", graphMode: "none", justifyMode: "auto" },
        ...{
          orientation: "auto",
          textMode: "auto",
          wideLayout: true,
          showPercentChange: false,
          percentChangeColorMode: "standard",
        },
      };
    case "bargauge":
      return {
        ...{ reduceOptions, displayMode: "basic", orientation: "horizontal", valueMode: "color" },
        ...{
          showUnfilled: true,
          namePlacement: "auto",
          sizing: "auto",
          minVizHeight: 16,
          minVizWidth: 8,
          maxVizHeight: 300,
        },
        legend: { displayMode: "list", placement: "bottom", showLegend: false, calcs: [] },
      };
    case "table":
      return { showHeader: true, cellHeight: "sm", frameIndex: 0 };
    default:
      return kind satisfies never;
  }
}
