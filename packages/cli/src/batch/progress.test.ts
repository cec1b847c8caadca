import { describe, expect, it } from "vitest";
import { batchNamed } from "../batch.fixture.ts";
import { createTestIo } from "../command-io.fixture.ts";
import { displayWidth } from "../table.ts";
import { ProgressMeter } from "./progress.ts";
import { createProgressDisplay } from "./progress-display.ts";
import { drawnProgress, plainProgress } from "./progress-text.ts";

const done = (completed: number, tokens = 0) =>
  batchNamed("batch_1", {
    muster: { progress: { total: 100, completed, failed: 0, cached: 0 } },
    usage: { input_tokens: 7, output_tokens: tokens, total_tokens: tokens + 7 },
  });

describe("the progress of a batch", () => {
  it("is measured until the server has a forecast", () => {
    const meter = new ProgressMeter();
    const at = (ms: number) => ({ nowMs: ms, wallMs: ms });
    expect(meter.add(done(0), at(0))).toMatchObject({ linesPerSecond: undefined, leftMs: undefined });
    expect(meter.add(done(20, 600), at(10_000))).toMatchObject({
      linesPerSecond: 2,
      tokensPerSecond: 60,
      leftMs: 40_000,
    });
    const forecast = { finish_at: 100, lines_per_second: 5, tokens_per_second: 50, remaining_lines: 80 };
    const told = batchNamed("batch_1", { muster: { forecast } });
    expect(meter.add(told, at(70_000))).toMatchObject({ linesPerSecond: 5, leftMs: 30_000 });
  });

  it("forgets what was long ago, and what was before a rebuild", () => {
    const meter = new ProgressMeter();
    const rate = (completed: number, nowMs: number) =>
      meter.add(done(completed), { nowMs, wallMs: 0 }).linesPerSecond;
    rate(0, 0);
    rate(50, 40_000);
    expect(rate(60, 50_000)).toBe(1);
    expect(rate(10, 51_000)).toBeUndefined();
    expect(rate(20, 56_000)).toBe(2);
  });
});

describe("the words of it", () => {
  const progress = {
    total: 1_000,
    done: 999,
    failed: 2,
    cached: 3,
    linesPerSecond: 12.34,
    tokensPerSecond: 340,
    leftMs: 44_100,
  };

  it("fit a log", () => {
    expect(plainProgress(batchNamed("b"), progress)).toBe(
      "999 of 1,000 lines (99 %), 45 s left, 12.3 lines/s, 340 tokens/s, 2 failed, 3 from the cache",
    );
    const paused = batchNamed("batch_1", { muster: { paused: true } });
    expect(plainProgress(paused, { ...progress, total: 0 })).toContain("muster batch resume batch_1");
  });

  it("fit any terminal", () => {
    for (const columns of [40, 60, 80, 200]) {
      const line = drawnProgress(batchNamed("b"), progress, { columns });
      expect(displayWidth(line)).toBeLessThan(columns);
    }
    expect(drawnProgress(batchNamed("b"), progress, {})).toBe(
      "━━━━━━━━━━━━━━━━━━━━━━━━   99 %  999/1,000  2 failed  45 s left  12.3 lines/s  340 tokens/s",
    );
  });
});

describe("the display of it", () => {
  it("writes a line now and then, and at once where something new is to be said", async () => {
    const io = createTestIo();
    let ms = 0;
    const display = createProgressDisplay(io, { isJson: false, nowMs: () => ms, wallMs: () => 0 });
    for (ms = 0; ms < 6_000; ms += 1_000) display.show(done(ms / 100));
    display.show(batchNamed("batch_1", { muster: { paused: true } }));
    display.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(io.err().split("\n")).toEqual([
      "0 of 100 lines (0 %)",
      "50 of 100 lines (50 %), 5 s left, 10 lines/s",
      expect.stringContaining("paused"),
      "",
    ]);
  });

  it("draws over one line on a terminal, and leaves it clear", async () => {
    const io = createTestIo({ env: { NO_COLOR: "1" } });
    Object.assign(io.stderr, { isTTY: true, columns: 60 });
    const display = createProgressDisplay(io, { isJson: false });
    display.show(done(1));
    display.show(done(2));
    display.end();
    await new Promise((resolve) => setImmediate(resolve));
    const drawn = io.err().replaceAll("\r\u001b[K", "|");
    expect(drawn).toMatch(/^\|[━─]{24} +1 % [^|]*\|[━─]{24} +2 % [^|]*\|$/);
    expect(io.err()).not.toContain("\n");
  });

  it("is JSON on standard output where asked for", async () => {
    const io = createTestIo();
    createProgressDisplay(io, { isJson: true }).show(done(7));
    await new Promise((resolve) => setImmediate(resolve));
    expect(JSON.parse(io.out())).toMatchObject({
      event: "progress",
      batch_id: "batch_1",
      done: 7,
      total: 100,
    });
    expect(io.err()).toBe("");
  });
});
