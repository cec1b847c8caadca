import { expect, it } from "vitest";
import { tookTooLong, withinTime } from "./within-time.ts";

it("gives what a task gives, and throws what it throws", () => {
  expect(withinTime(1_000, () => 5)).toBe(5);
  expect(() =>
    withinTime(1_000, () => {
      throw new RangeError("no");
    }),
  ).toThrow(new RangeError("no"));
});

it("ends a task that does not, and goes on after it", () => {
  const startedMs = performance.now();
  const endless = () => {
    for (;;);
  };
  expect(withinTime(50, endless)).toBe(tookTooLong);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  expect(withinTime(1_000, () => "next")).toBe("next");
});
