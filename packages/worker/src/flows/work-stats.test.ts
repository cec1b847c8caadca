import { expect, it } from "vitest";
import { createProcessUsage } from "../adapters/probe/process-usage.ts";
import { WorkStats } from "./work-stats.ts";

const usage = { residentBytes: 1, cpuSeconds: 2, eventLoopLagSeconds: 0.5 };

it("adds up what answers took; what a cache had was not evaluated", () => {
  const stats = new WorkStats({ read: () => usage });
  const tokens = { promptTokens: 100, cachedTokens: 60, completionTokens: 20 };
  for (let at = 0; at < 2; at++)
    stats.answered({ usage: tokens, timings: { prefillMs: 250, decodeMs: 1_000 } });
  stats.engineCrashed();
  expect(stats.read()).toEqual({
    ...usage,
    ...{ engineCrashes: 1, promptTokens: 80, generationTokens: 40, prefillSeconds: 0.5, decodeSeconds: 2 },
  });
});

it("a process tells what it takes, and how late its timers were since the last time", async () => {
  const process = createProcessUsage();
  const turns = async (count: number) => {
    for (let at = 0; at < count; at++) await new Promise((resolve) => setTimeout(resolve, 60));
  };
  try {
    await turns(2);
    const untilMs = performance.now() + 300;
    while (performance.now() < untilMs);
    await turns(1);
    const busy = process.read();
    expect(busy.eventLoopLagSeconds).toBeGreaterThan(0.15);
    expect(busy.residentBytes).toBeGreaterThan(10_000_000);
    expect(busy.cpuSeconds).toBeGreaterThan(0.1);
    expect(process.read().eventLoopLagSeconds).toBe(0);
  } finally {
    process.close();
  }
});
