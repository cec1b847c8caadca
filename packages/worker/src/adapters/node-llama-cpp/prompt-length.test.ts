import { expect, it } from "vitest";
import { isSurelyLonger } from "./prompt-length.ts";

const oneEach = (piece: string) => piece.length;

it("stops counting as soon as a text is longer than it may be", () => {
  let counted = 0;
  const count = (piece: string) => {
    counted += piece.length;
    return piece.length;
  };
  expect(isSurelyLonger("a".repeat(10_000_000), 8192, count)).toBe(true);
  expect(counted).toBe(65_536);
});

it("leaves short texts, texts that fit and texts without a limit alone", () => {
  expect(isSurelyLonger("a".repeat(10_000), 100, oneEach)).toBe(false);
  expect(isSurelyLonger("a".repeat(200_000), 200_000, oneEach)).toBe(false);
  expect(isSurelyLonger("a".repeat(200_000), Number.POSITIVE_INFINITY, oneEach)).toBe(false);
});
