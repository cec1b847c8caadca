import { expect, test } from "vitest";
import { sorted } from "./sorting.ts";

const rows = [
  { name: "desk-10", load: 0.5 },
  { name: "Desk-2", load: null },
  { name: "desk-1", load: 0.9 },
];

test("names are in the order that people count in", () => {
  expect(sorted(rows, ({ name }) => name, false).map(({ name }) => name)).toEqual([
    "desk-1",
    "Desk-2",
    "desk-10",
  ]);
});

test("what has no value comes last either way", () => {
  expect(sorted(rows, ({ load }) => load, true).map(({ load }) => load)).toEqual([0.9, 0.5, null]);
  expect(sorted(rows, ({ load }) => load, false).map(({ load }) => load)).toEqual([0.5, 0.9, null]);
});

test("the rows that were given are left as they are", () => {
  const before = [...rows];
  sorted(rows, ({ name }) => name, true);
  expect(rows).toEqual(before);
});
