import type { UsageRow } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { daysOf, usagePath } from "./usage-query.ts";
import { barsOf, niceTop, othersId, seriesOf } from "./usage-series.ts";

const nowMs = Date.parse("2026-03-01T00:30:00Z");
const days = daysOf(7, nowMs);
const row = (model: string, day: string, total_tokens: number): UsageRow => ({
  ...{ model, day, total_tokens, requests: 1, failed_requests: 0, prompt_tokens: 0, cached_tokens: 0 },
  ...{ completion_tokens: total_tokens, worker_seconds: 0, watt_hours: null, cost: null },
});
const wanted = { days, by: "model", measure: "tokens" } as const;

describe("the usage of some days", () => {
  it("ends today in UTC, across the end of a month", () => {
    expect([days[0], days.at(-1), days.length]).toEqual(["2026-02-23", "2026-03-01", 7]);
    expect(usagePath({ by: ["key", "day"], span: 7, nowMs, format: "csv" })).toBe(
      "/cluster/v1/usage?by=key%2Cday&since=2026-02-23&until=2026-03-01&format=csv",
    );
  });

  it("is summed by day, the largest first, days without any as nought", () => {
    const rows = [
      row("a", "2026-02-28", 5),
      row("b", "2026-03-01", 7),
      row("b", "2026-02-23", 1),
      row("a", "2026-02-28", 1),
    ];
    expect(seriesOf(rows, wanted)).toEqual([
      { id: "b", name: "b", values: [1, 0, 0, 0, 0, 0, 7], sum: 8 },
      { id: "a", name: "a", values: [0, 0, 0, 0, 0, 6, 0], sum: 6 },
    ]);
  });

  it("puts the small ones together, and loses nothing of them", () => {
    const rows = Array.from({ length: 20 }, (_, index) => row(`m${index}`, "2026-03-01", index + 1));
    const series = seriesOf(rows, wanted);
    expect(series).toHaveLength(7);
    expect(series.at(-1)).toMatchObject({ id: othersId, name: "14 others" });
    expect(series.reduce((sum, each) => sum + each.sum, 0)).toBe(210);
  });

  it("calls keys as people do", () => {
    const rows = [
      { ...row("a", "2026-03-01", 5), key: "k1", key_name: "ci" },
      { ...row("a", "2026-03-01", 4), key: "k2", key_name: null },
    ];
    expect(seriesOf(rows, { ...wanted, by: "key" }).map(({ name }) => name)).toEqual(["ci", "k2"]);
  });

  it("is stacked under an axis that can be read", () => {
    const { bars, top } = barsOf(
      seriesOf([row("a", "2026-03-01", 30), row("b", "2026-03-01", 60)], wanted),
      days,
    );
    expect(top).toBe(100);
    expect(bars.at(-1)).toEqual({
      ...{ day: "2026-03-01", total: 90 },
      parts: [
        { id: "b", from: 0, height: 0.6, value: 60 },
        { id: "a", from: 0.6, height: 0.3, value: 30 },
      ],
    });
    expect([niceTop(0), niceTop(1), niceTop(0.3), niceTop(401), niceTop(9_999)]).toEqual([
      1, 1, 0.4, 500, 10_000,
    ]);
  });
});
