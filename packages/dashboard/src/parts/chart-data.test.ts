import { expect, test } from "vitest";
import { type ChartSeries, describe, foldSmall, stacked, summaryOf, topOf } from "./chart-data.ts";

const series = (id: string, values: readonly (number | null)[]): ChartSeries => ({
  id,
  label: id,
  color: "--hue-1",
  values,
});

test("stacked values lie on top of each other, and only what nobody knows stays unknown", () => {
  const sums = stacked([
    [1, null, 2, null],
    [10, 20, null, null],
  ]);
  expect(sums).toEqual([
    [1, null, 2, null],
    [11, 20, 2, null],
  ]);
});

test("of many series the largest are kept, in their order, and the rest is one", () => {
  const folded = foldSmall(
    [series("a", [1, 1]), series("b", [9, 9]), series("c", [2, null]), series("d", [5, 5])],
    3,
  );
  expect(folded.map(({ id }) => id)).toEqual(["b", "d", "others"]);
  expect(folded.at(-1)?.values).toEqual([3, 1]);
  expect(folded.at(-1)?.label).toBe("2 others");
});

test("a summary passes over what is unknown", () => {
  expect(summaryOf([null, 2, 4, null])).toEqual({ last: 4, highest: 4, mean: 3 });
  expect(summaryOf([null])).toEqual({ last: null, highest: null, mean: null });
});

test("a chart is told in words as well", () => {
  const words = describe([series("gemma", [1, 3]), series("qwen", [null])], (value) => `${value} tokens/s`);
  expect(words).toBe("gemma: last 3 tokens/s, mean 2 tokens/s, highest 3 tokens/s. qwen: nothing known.");
});

test("an axis has room above the highest value, and never less than it was given", () => {
  expect(topOf([[1, 50]], 10)).toBeCloseTo(54);
  expect(topOf([[null, 1]], 10)).toBeCloseTo(10.8);
});
