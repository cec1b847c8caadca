import type { MetricDefinition } from "@muster/orchestrator";
import { alerts } from "../alerts/index.ts";
import { select } from "../promql.ts";
import { runbookOf } from "../rule-file.ts";

/** What an alert says when it fires. */
export interface Firing {
  readonly labels: Readonly<Record<string, string>>;
  /** As its summary writes it, where it does. */
  readonly value?: string;
}

/** One look at an alert: which must fire at that moment. None: it is silent. */
export type Look = readonly [at: string, ...firing: readonly Firing[]];

/** What Prometheus has scraped, and when the alert must fire or be silent. */
export interface Case {
  readonly alert: string;
  readonly says: string;
  /** Between two scrapes, and two looks of Prometheus at its rules: 1, or more in cases that take hours or days. */
  readonly stepMinutes?: 5 | 15;
  /** Values by series. */
  readonly series: Readonly<Record<string, string>>;
  readonly looks: readonly Look[];
}

/** A series of a case: all labels are values. */
export function of(metric: MetricDefinition, labels: Readonly<Record<string, string>> = {}): string {
  return select(metric, labels);
}

/** One of the parts of a histogram. */
export function part(
  metric: MetricDefinition,
  ending: "_bucket" | "_count",
  labels: Readonly<Record<string, string>> = {},
): string {
  const { le, ...known } = labels;
  const series = select({ ...metric, name: metric.name + ending }, known);
  if (le === undefined) return series;
  return series.endsWith("}") ? `${series.slice(0, -1)}, le="${le}"}` : `${series}{le="${le}"}`;
}

/** So many scrapes of the same value. */
export const steady = (value: number, scrapes: number) => `${value}+0x${scrapes - 1}`;
/** So many scrapes of growth. */
export const rising = (from: number, perScrape: number, scrapes: number) =>
  `${from}${perScrape < 0 ? "" : "+"}${perScrape}x${scrapes - 1}`;
/** So many scrapes that did not come. */
export const gap = (scrapes: number) => `_x${scrapes}`;
export const inTurn = (...parts: readonly string[]) => parts.join(" ");

/** The alert as promtool must see it fire. */
export function expected(name: string, { labels, value }: Firing) {
  const alert = alerts.find((one) => one.name === name);
  if (alert === undefined) throw new Error(`There is no alert ${name}.`);
  const filled = alert.summary
    .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_all, label: string) => labels[label] ?? `no ${label}`)
    .replace(/\{\{ \$value[^}]*\}\}/g, value ?? "a case of it must name its value");
  return {
    exp_labels: { severity: alert.severity, ...labels },
    exp_annotations: { summary: filled, description: alert.description, runbook: runbookOf(alert) },
  };
}
