import { expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";

test("each failure makes the next wait longer, up to a limit", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 100].map((failures) => backoffMs(failures, 1))).toEqual([
    ...[500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000],
  ]);
});

test("chance spreads browsers over half of the wait", () => {
  expect(backoffMs(3, 0)).toBe(1_000);
  expect(backoffMs(3, 0.5)).toBe(1_500);
});
