import type { UsageDimension } from "@muster/sdk";

export const spans = [7, 30, 90] as const;
export type SpanDays = (typeof spans)[number];

export const dimensions = ["key", "model", "class", "tenant"] as const;
export type Dimension = (typeof dimensions)[number];

export const dimensionWords: Readonly<Record<Dimension, { readonly one: string; readonly by: string }>> = {
  key: { one: "Key", by: "By key" },
  model: { one: "Model", by: "By model" },
  class: { one: "Class", by: "By class" },
  tenant: { one: "Tenant", by: "By tenant" },
};

const dayMs = 86_400_000;

/** The days of a span, in UTC as usage is counted, today last: `2026-11-29`. */
export function daysOf(span: SpanDays, nowMs: number): readonly string[] {
  return Array.from({ length: span }, (_, index) => utcDay(nowMs - (span - 1 - index) * dayMs));
}

function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

interface Asked {
  readonly by: readonly UsageDimension[];
  readonly span: SpanDays;
  readonly nowMs: number;
  readonly format?: "csv";
}

/** Where the usage of a span is. */
export function usagePath({ by, span, nowMs, format }: Asked): string {
  const days = daysOf(span, nowMs);
  const query = new URLSearchParams({ by: by.join(","), since: days[0] ?? "", until: days.at(-1) ?? "" });
  if (format !== undefined) query.set("format", format);
  return `/cluster/v1/usage?${query}`;
}
