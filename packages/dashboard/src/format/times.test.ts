import { expect, test } from "vitest";
import { duration, relative, roughly } from "./times.ts";

test("a duration has the units that its size asks for", () => {
  const shown = [0, 0.0004, 0.34, 0.9996, 2.44, 9.96, 42, 60, 200, 3_600, 18_600, 86_400, 270_000];
  expect(shown.map(duration)).toEqual([
    ...["0 s", "1 ms", "340 ms", "1 s", "2.4 s", "10 s", "42 s", "1 min", "3 min 20 s", "1 h", "5 h 10 min"],
    ...["1 d", "3 d 3 h"],
  ]);
  expect(duration(null)).toBe("–");
});

test("where there is little room, one unit is enough", () => {
  expect([5, 59.6, 3_580, 80_000, 86_000].map(roughly)).toEqual(["5 s", "1 min", "1 h", "22 h", "1 d"]);
});

test("moments are told from now, either way", () => {
  expect(relative(1_000, 1_003)).toBe("just now");
  expect(relative(1_000, 1_240)).toBe("4 min ago");
  expect(relative(8_200, 1_000)).toBe("in 2 h");
});
