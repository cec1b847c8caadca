import { describe, expect, it } from "vitest";
import { duration } from "./duration.ts";

describe("duration", () => {
  it("reads times as people write them", () => {
    expect(["90s", "30m", "2h", "1h30m", "1.5h", "3d"].map(duration)).toEqual([
      90_000, 1_800_000, 7_200_000, 5_400_000, 5_400_000, 259_200_000,
    ]);
  });

  it("refuses everything else", () => {
    for (const text of ["", "2", "h", "2 h", "-2h", "0h", "2w", "400d", "2h and more"])
      expect(() => duration(text), text).toThrow("30m");
  });
});
