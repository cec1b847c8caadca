import { fleetMetrics, requestMetrics } from "@muster/orchestrator";
import { describe, expect, it } from "vitest";
import { growth, maxOf, perSecond, quantile, select, shareAbove, sumOf } from "./promql.ts";

const { firstToken, generationTokens, requests } = requestMetrics;

describe("a query", () => {
  it("names series by their labels, and by what Grafana puts in", () => {
    expect(select(requests, { model: { matches: "$model" }, class: "batch", job: "muster" })).toBe(
      'muster_requests_total{model=~"$model", class="batch", job="muster"}',
    );
    expect(select(requests, { outcome: { not: "ok" }, endpoint: { notMatching: "a|b" } })).toBe(
      'muster_requests_total{outcome!="ok", endpoint!~"a|b"}',
    );
    expect(sumOf(fleetMetrics.slots)).toBe("sum (muster_slots)");
  });

  it("is refused with a label that the metric does not have", () => {
    expect(() => select(firstToken, { worker: "desk" })).toThrow(
      "muster_time_to_first_token_seconds has no label worker",
    );
    expect(() => perSecond(generationTokens, { by: ["worker"], window: "5m" })).toThrow(
      "has no label worker",
    );
    expect(() => quantile(0.5, firstToken, { by: ["class"], window: "5m" })).toThrow("has no label class");
  });

  it("is refused of a metric of another kind", () => {
    expect(() => perSecond(fleetMetrics.slots, { window: "5m" })).toThrow("is a gauge, not a counter");
    expect(() => growth(firstToken, { window: "5m" })).toThrow("is a histogram, not a counter");
    expect(() => maxOf(requests)).toThrow("is a counter, not a gauge");
    expect(() => quantile(0.5, requests, { window: "5m" })).toThrow("is a counter, not a histogram");
  });

  it("counts what is above a bound, as Prometheus 2 and 3 write it", () => {
    expect(shareAbove(firstToken, 5, { window: "5m", where: { model: "a" } })).toContain(
      'muster_time_to_first_token_seconds_bucket{model="a", le=~"5|5[.]0"}',
    );
    expect(shareAbove(firstToken, 2.5, { window: "5m" })).toContain('_bucket{le="2.5"}');
    // @ts-expect-error: 3 is none of the buckets, and the share could not be told.
    shareAbove(firstToken, 3, { window: "5m" });
  });
});
