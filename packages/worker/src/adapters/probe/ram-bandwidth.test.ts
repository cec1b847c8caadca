import { describe, expect, test } from "vitest";
import { measureRamBandwidth } from "./ram-bandwidth.ts";

const copiedBytes = 2 * 32 * 1024 ** 2;

/** A machine whose copies take so long, one after the other, and then for ever as long as the last. */
function measure(...copiesMs: readonly number[]) {
  let copies = 0;
  let nowMs = 0;
  const bytesPerSecond = measureRamBandwidth({
    nowMs: () => nowMs,
    copy: () => {
      nowMs += copiesMs[Math.min(copies, copiesMs.length - 1)] ?? 0;
      copies += 1;
    },
  });
  return { bytesPerSecond, copies };
}

describe("measuring main memory", () => {
  test("finds a speed that memory can have", () => {
    const bytesPerSecond = measureRamBandwidth({ nowMs: () => performance.now() });
    expect(bytesPerSecond).toBeGreaterThan(0.2e9);
    expect(bytesPerSecond).toBeLessThan(2000e9);
  });

  test("takes the middle one of the times, so that one interruption does not count", () => {
    const { bytesPerSecond, copies } = measure(5, 30, 5, 5, 4, 5, 4, 5, 5);
    expect(copies).toBe(9);
    expect(bytesPerSecond).toBe(Math.round((copiedBytes * 1000) / 5));
  });

  test("ends soon on a slow machine, and says nothing where the clock stands still", () => {
    expect(measure(1000)).toEqual({ bytesPerSecond: Math.round(copiedBytes), copies: 3 });
    expect(measure(0).bytesPerSecond).toBeUndefined();
  });
});
