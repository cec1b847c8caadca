import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatDuration, formatRate } from "./format.ts";

describe("formatBytes", () => {
  it.each([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_024, "1 KiB"],
    [1_536, "1.5 KiB"],
    [1_048_575, "1 MiB"],
    [24_564 * 2 ** 20, "24 GiB"],
    [128 * 2 ** 30, "128 GiB"],
    [Number.NaN, "-"],
    [-1, "-"],
  ])("shows %d as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0 ms"],
    [999.4, "999 ms"],
    [999.6, "1 s"],
    [3_440, "3.4 s"],
    [59_960, "1 min"],
    [125_000, "2 min 5 s"],
    [3_600_000, "1 h"],
    [11_520_000, "3 h 12 min"],
    [353_000_000, "4 d 2 h"],
    [Number.POSITIVE_INFINITY, "-"],
  ])("shows %d as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("formatRate and formatCount", () => {
  it("keep one decimal where it says something", () => {
    expect([7.34, 127.6, Number.NaN, 0].map(formatRate)).toEqual([
      "7.3 tokens/s",
      "128 tokens/s",
      "-",
      "0 tokens/s",
    ]);
    expect([formatCount(1, "slot"), formatCount(0, "slot"), formatCount(1_250, "slot")]).toEqual([
      "1 slot",
      "0 slots",
      "1,250 slots",
    ]);
  });
});
