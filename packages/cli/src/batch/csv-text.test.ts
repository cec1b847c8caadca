import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { csvRow, delimiterOf } from "./csv-text.ts";

describe("CSV", () => {
  it.each([
    ["a,b\n1;2;3;4", ","],
    ["a;b;c\n1,2", ";"],
    ['"a;b;c"\t"d"\n', "\t"],
    ["one", ","],
    ['"a\n;;;",b\n', ","],
  ])("finds the delimiter of %j", (text, delimiter) => {
    expect(delimiterOf(text)).toBe(delimiter);
  });

  it("writes what a reader gives back", () => {
    const rows = [
      ["plain", 'say "hi"', "two\nlines", "a;b", "a,b", " space ", ""],
      ["\r\n", '"', "", "x", "y", "z", "é"],
    ];
    for (const delimiter of [",", ";", "\t"] as const) {
      const text = rows.map((row) => csvRow(row, delimiter)).join("");
      expect(parse(text, { delimiter })).toEqual(rows);
    }
  });
});
