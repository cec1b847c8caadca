import { expect, test } from "vitest";
import { offsetsOf, rangeInSight, rowAt } from "./virtual-range.ts";

const heights = [40, 60, 40, 100, 40];
const offsets = offsetsOf(heights.length, (index) => heights[index] ?? 0);

test("rows of different heights begin where those before them end", () => {
  expect([...offsets]).toEqual([0, 40, 100, 140, 240, 280]);
});

test("a point is in the row that begins at or before it", () => {
  expect([0, 39, 40, 99, 100, 239, 240, 9_999].map((px) => rowAt(offsets, px))).toEqual([
    0, 0, 1, 1, 2, 3, 4, 4,
  ]);
});

test("what is in sight is rendered, with some rows beside it", () => {
  expect(rangeInSight(offsets, { topPx: 50, heightPx: 60, beside: 0 })).toEqual({ first: 1, end: 3 });
  expect(rangeInSight(offsets, { topPx: 50, heightPx: 60, beside: 1 })).toEqual({ first: 0, end: 4 });
});

test("of 1,000 rows only a few are rendered, at the end of the list as well", () => {
  const many = offsetsOf(1_000, () => 64);
  const middle = rangeInSight(many, { topPx: 32_000, heightPx: 800, beside: 6 });
  expect(middle).toEqual({ first: 494, end: 519 });
  expect(rangeInSight(many, { topPx: 63_200, heightPx: 800, beside: 6 })).toEqual({ first: 981, end: 1_000 });
});

test("a list without rows has nothing in sight", () => {
  expect(
    rangeInSight(
      offsetsOf(0, () => 40),
      { topPx: 0, heightPx: 500, beside: 6 },
    ),
  ).toEqual({ first: 0, end: 0 });
});
