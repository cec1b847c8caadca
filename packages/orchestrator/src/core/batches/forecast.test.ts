import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ForecastSample, forecast } from "./forecast.ts";

const sampleMs = 2_000;
const maxSamples = 180;
const tokensPerLine = 100;

/** A fleet that works lines off: `lineMs` each, give or take half of it, on as many slots as `slotsAt` says. */
function runBatch(of: {
  readonly lines: number;
  readonly lineMs: number;
  readonly slotsAt: (nowMs: number) => number;
  readonly random: () => number;
}) {
  const samples: ForecastSample[] = [];
  const running: number[] = [];
  let begun = 0;
  let done = 0;
  let nowMs = 0;
  const advanceUntil = (isEnough: (nowMs: number, done: number) => boolean) => {
    while (done < of.lines && !isEnough(nowMs, done)) {
      const slots = of.slotsAt(nowMs);
      // Lines of slots that have gone are run again later.
      while (running.length > slots) {
        running.pop();
        begun -= 1;
      }
      while (running.length < slots && begun < of.lines) {
        running.push(nowMs + of.lineMs * (0.5 + of.random()));
        begun += 1;
      }
      nowMs += 100;
      for (let at = running.length - 1; at >= 0; at--) {
        if ((running[at] ?? 0) > nowMs) continue;
        running.splice(at, 1);
        done += 1;
      }
      if (nowMs % sampleMs === 0) samples.push({ atMs: nowMs, lines: done, tokens: done * tokensPerLine });
      if (samples.length > maxSamples) samples.shift();
    }
    return nowMs;
  };
  return {
    advanceUntil,
    finish: () => advanceUntil(() => false),
    forecast: () => forecast(samples, { nowMs, remainingLines: of.lines - done }),
  };
}

/** Numbers that look like chance and are the same in each run. */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("forecast", () => {
  it("is within 15 % at half time for a steady fleet, whatever its size", () => {
    const fleet = fc.record({
      slots: fc.integer({ min: 2, max: 64 }),
      lineMs: fc.integer({ min: 300, max: 20_000 }),
      rounds: fc.integer({ min: 30, max: 100 }),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
    });
    fc.assert(
      fc.property(fleet, ({ slots, lineMs, rounds, seed }) => {
        const lines = slots * rounds;
        const batch = runBatch({ lines, lineMs, slotsAt: () => slots, random: pseudoRandom(seed) });
        const halfMs = batch.advanceUntil((_now, done) => done >= lines / 2);
        const { finishAtMs } = batch.forecast();
        const endMs = batch.finish();
        // Below ten seconds of work there is no forecast yet.
        if (halfMs <= 12_000) return;
        expect(finishAtMs).toBeDefined();
        expect(Math.abs((finishAtMs ?? 0) - endMs)).toBeLessThan(0.15 * endMs);
      }),
      { numRuns: 60 },
    );
  });

  it("has learnt within two minutes that half of the workers have left", () => {
    const leftMs = 300_000;
    const slotsAt = (nowMs: number) => (nowMs < leftMs ? 16 : 8);
    const batch = runBatch({ lines: 8_000, lineMs: 1_500, slotsAt, random: pseudoRandom(7) });
    batch.advanceUntil((nowMs) => nowMs >= leftMs);
    const before = batch.forecast();
    batch.advanceUntil((nowMs) => nowMs >= leftMs + 120_000);
    const after = batch.forecast();
    const endMs = batch.finish();
    expect(before.linesPerSecond).toBeGreaterThan(10);
    expect(after.linesPerSecond).toBeLessThan(0.55 * before.linesPerSecond);
    const remainingMs = endMs - (leftMs + 120_000);
    expect(Math.abs((after.finishAtMs ?? 0) - endMs)).toBeLessThan(0.1 * remainingMs);
  });

  it("says nothing at the start, and how fast it goes soon after", () => {
    const batch = runBatch({ lines: 1_000, lineMs: 1_000, slotsAt: () => 10, random: pseudoRandom(1) });
    batch.advanceUntil((nowMs) => nowMs >= 6_000);
    expect(batch.forecast()).toMatchObject({ finishAtMs: undefined, linesPerSecond: 0 });
    batch.advanceUntil((nowMs) => nowMs >= 14_000);
    const { finishAtMs, linesPerSecond, tokensPerSecond } = batch.forecast();
    expect(finishAtMs).toBeDefined();
    expect(linesPerSecond).toBeGreaterThan(8);
    expect(tokensPerSecond).toBeCloseTo(linesPerSecond * tokensPerLine, 3);
  });

  it("leaves a pause out", () => {
    const isPaused = (nowMs: number) => nowMs >= 60_000 && nowMs < 200_000;
    const slotsAt = (nowMs: number) => (isPaused(nowMs) ? 0 : 10);
    const batch = runBatch({ lines: 3_000, lineMs: 1_000, slotsAt, random: pseudoRandom(3) });
    batch.advanceUntil((nowMs) => nowMs >= 58_000);
    const { linesPerSecond } = batch.forecast();
    batch.advanceUntil((nowMs) => nowMs >= 210_000);
    const after = batch.forecast();
    expect(after.linesPerSecond).toBeGreaterThan(0.85 * linesPerSecond);
    const remainingMs = batch.finish() - 210_000;
    expect(Math.abs((after.finishAtMs ?? 0) - 210_000 - remainingMs)).toBeLessThan(0.15 * remainingMs);
  });

  it("gives no time while nothing moves", () => {
    const slotsAt = (nowMs: number) => (nowMs < 60_000 ? 10 : 0);
    const batch = runBatch({ lines: 3_000, lineMs: 1_000, slotsAt, random: pseudoRandom(3) });
    batch.advanceUntil((nowMs) => nowMs >= 58_000);
    const moving = batch.forecast();
    batch.advanceUntil((nowMs) => nowMs >= 90_000);
    expect(batch.forecast().linesPerSecond).toBeLessThan(0.7 * moving.linesPerSecond);
    batch.advanceUntil((nowMs) => nowMs >= 200_000);
    expect(batch.forecast()).toMatchObject({ finishAtMs: undefined, linesPerSecond: 0 });
  });

  it("goes by few slow lines where there are no more", () => {
    const batch = runBatch({ lines: 60, lineMs: 40_000, slotsAt: () => 3, random: pseudoRandom(5) });
    const halfMs = batch.advanceUntil((_now, done) => done >= 30);
    const { finishAtMs = 0 } = batch.forecast();
    const endMs = batch.finish();
    expect(Math.abs(finishAtMs - endMs)).toBeLessThan(0.3 * (endMs - halfMs));
  });

  it("forgets what was before the totals went down", () => {
    const sample = (second: number, lines: number) => ({ atMs: second * 1000, lines, tokens: lines });
    const fast = [0, 10, 20, 30].map((second) => sample(second, second * 100));
    const slow = [40, 50, 60].map((second) => sample(second, second));
    const { linesPerSecond } = forecast([...fast, ...slow], { nowMs: 60_000, remainingLines: 100 });
    expect(linesPerSecond).toBeCloseTo(1, 5);
  });

  it("counts in what the lines that remain cost", () => {
    const samples = [0, 10, 20].map((second) => ({ atMs: second * 1000, lines: second, tokens: 0 }));
    const now = { nowMs: 20_000, remainingLines: 10 };
    expect(forecast(samples, now).finishAtMs).toBeCloseTo(30_000, 3);
    expect(forecast(samples, { ...now, relativeCost: 3 }).finishAtMs).toBeCloseTo(50_000, 3);
  });
});
