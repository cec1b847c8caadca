import { type Log, ManualClock, silentLog } from "@muster/base";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import { describe, expect, it } from "vitest";
import { createOpenTelemetryTracer } from "./tracer.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

function start({ ratio = 1, followsParent = true, isAway = false } = {}) {
  const clock = new ManualClock();
  const sent: ReadableSpan[][] = [];
  const told: unknown[] = [];
  let isShutDown = false;
  const exporter: SpanExporter = {
    export(spans, done) {
      sent.push(spans);
      // One that is away never answers.
      if (!isAway) done({ code: 0 });
    },
    shutdown: async () => {
      isShutDown = true;
    },
  };
  const log: Log = { ...silentLog, warn: (fields, words) => void told.push([words, fields]) };
  const tracer = createOpenTelemetryTracer({
    ...{ url: "http://none", headers: {}, serviceName: "s", version: "1", instance: "i", resource: {} },
    ...{ sampler: { ratio, followsParent }, clock, log, exporter },
  });
  return { tracer, clock, sent, told, hasShutDown: () => isShutDown };
}

describe("which traces are recorded", () => {
  const recorded = (sampler: object, isSampled?: boolean) => {
    const remote = isSampled === undefined ? undefined : { traceId, spanId, isSampled };
    return start(sampler).tracer.root({ name: "a", traceId, remote }) !== undefined;
  };

  it("is the client's to say where its flag counts", () => {
    expect(recorded({ ratio: 0 }, true)).toBe(true);
    expect(recorded({ ratio: 1 }, false)).toBe(false);
    expect(recorded({ ratio: 0, followsParent: false }, true)).toBe(false);
    expect(recorded({ ratio: 1, followsParent: false }, false)).toBe(true);
  });

  it("is a share of the others, the same for each look at one trace", () => {
    const { tracer } = start({ ratio: 0.1 });
    let count = 0;
    for (let at = 1; at <= 4_000; at++) {
      // As ids are spread: a multiple of an odd number, over 32 bits.
      const id = Math.imul(at, 2_654_435_761) >>> 0;
      const one = `${"1".repeat(24)}${id.toString(16).padStart(8, "0")}`;
      const isIt = tracer.root({ name: "a", traceId: one }) !== undefined;
      expect(tracer.root({ name: "b", traceId: one }) !== undefined).toBe(isIt);
      if (isIt) count += 1;
    }
    expect(count / 4_000).toBeGreaterThan(0.08);
    expect(count / 4_000).toBeLessThan(0.12);
  });

  it("has no children where nothing of it is recorded", () => {
    const { tracer } = start();
    expect(tracer.child({ traceId }, { name: "a" })).toBeUndefined();
    expect(tracer.child(undefined, { name: "a" })).toBeUndefined();
  });
});

describe("a span", () => {
  it("lasts from its beginning to its first end, and takes nothing after that", () => {
    const { tracer, clock, sent } = start();
    clock.advance(10_000.25);
    const span = tracer.root({ name: "a", traceId, attributes: { kept: "x", left: undefined } });
    clock.advance(1_500);
    span?.event("half");
    span?.end({ error: "engine_failed" });
    span?.set({ late: 1 });
    span?.event("late");
    span?.end();
    clock.advance(1_000);
    expect(sent.flat()).toHaveLength(1);
    const [read] = sent.flat();
    expect(read?.startTime).toEqual([10, 250_000]);
    expect(read?.endTime).toEqual([11, 500_250_000]);
    expect(read?.attributes).toEqual({ kept: "x", "error.type": "engine_failed" });
    expect(read?.events.map(({ name }) => name)).toEqual(["half"]);
    expect(read?.status.code).toBe(2);
  });

  it("keeps so many events and so much text", () => {
    const { tracer, clock, sent } = start();
    const span = tracer.root({
      name: "a",
      traceId,
      attributes: { text: "x".repeat(5_000), odd: Number.NaN },
    });
    for (let at = 0; at < 50; at++) span?.event("again");
    span?.end();
    clock.advance(1_000);
    const [read] = sent.flat();
    expect(read?.events).toHaveLength(32);
    expect(read?.droppedEventsCount).toBe(18);
    expect(read?.attributes).toEqual({ text: "x".repeat(1_024) });
  });
});

describe("spans that wait for a collector that does not answer", () => {
  it("are 4,096 at most; how many were dropped is told once a minute", async () => {
    const { tracer, clock, sent, told } = start({ isAway: true });
    const spans = (count: number) => {
      for (let at = 0; at < count; at++) tracer.root({ name: "a", traceId })?.end();
    };
    spans(10_000);
    expect(sent).toHaveLength(1);
    expect(told).toEqual([["spans dropped", { dropped: 1, reason: "too many wait for the collector" }]]);
    clock.advance(60_001);
    spans(1);
    expect(told).toHaveLength(2);
    // 256 are on their way, 4,096 wait, and one was told of before.
    expect(told[1]).toMatchObject(["spans dropped", { dropped: 10_001 - 256 - 4_096 - 1 }]);
  });

  it("are sent when the orchestrator stops, before the exporter is closed", async () => {
    const { tracer, sent, hasShutDown } = start();
    for (let at = 0; at < 600; at++) tracer.root({ name: "a", traceId })?.end();
    await tracer.close();
    expect(sent.flat()).toHaveLength(600);
    expect(sent.every((batch) => batch.length <= 256)).toBe(true);
    expect(hasShutDown()).toBe(true);
    tracer.root({ name: "late", traceId })?.end();
    expect(sent.flat()).toHaveLength(600);
  });
});
