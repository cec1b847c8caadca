import type { ProcessStats } from "@muster/base";
import fc from "fast-check";
import { expect, it } from "vitest";
import { nextStats } from "./process-stats.ts";

const stats = (cpuSeconds: number, generationTokens: number): ProcessStats => ({
  ...{ residentBytes: 1, eventLoopLagSeconds: 0, engineCrashes: 0 },
  ...{ cpuSeconds, generationTokens, promptTokens: 0, prefillSeconds: 0, decodeSeconds: 0 },
});

const any = fc.record({
  ...{
    residentBytes: fc.nat(),
    cpuSeconds: fc.nat(),
    eventLoopLagSeconds: fc.nat(),
    engineCrashes: fc.nat(),
  },
  ...{
    promptTokens: fc.nat(),
    generationTokens: fc.nat(),
    prefillSeconds: fc.nat(),
    decodeSeconds: fc.nat(),
  },
});

it("sums never fall on one link, whatever is said", () => {
  fc.assert(
    fc.property(fc.array(any, { minLength: 2 }), (beats) => {
      let before: ProcessStats | undefined;
      for (const said of beats) {
        const next = nextStats(before, said, { isNewLink: before === undefined });
        const { residentBytes, eventLoopLagSeconds, ...sums } = next;
        expect([residentBytes, eventLoopLagSeconds]).toEqual([said.residentBytes, said.eventLoopLagSeconds]);
        for (const [name, sum] of Object.entries(sums))
          expect(sum).toBeGreaterThanOrEqual(Number(before?.[name as keyof ProcessStats] ?? 0));
        before = next;
      }
    }),
  );
});

it("a process that has begun anew begins at what it says, one that is back goes on", () => {
  const before = stats(100, 50);
  expect(nextStats(before, stats(1, 2), { isNewLink: true })).toEqual(stats(1, 2));
  expect(nextStats(before, stats(101, 2), { isNewLink: true })).toEqual(stats(101, 50));
  expect(nextStats(before, stats(1, 2), { isNewLink: false })).toEqual(stats(100, 50));
});
