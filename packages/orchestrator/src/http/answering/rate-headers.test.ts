import { expect, it } from "vitest";
import { durationText } from "./rate-headers.ts";

it.each([
  [0, "0ms"],
  [12.2, "13ms"],
  [1_000, "1s"],
  [1_500, "1.5s"],
  [60_000, "1m0s"],
  [360_000, "6m0s"],
  [61_250, "1m1.25s"],
])("writes %d ms as %s, as OpenAI does", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
