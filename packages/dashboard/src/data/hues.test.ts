import { expect, test } from "vitest";
import { chooseHue, hueOf } from "./hues.ts";

test("a model keeps its colour", () => {
  expect(hueOf("gemma-4-e4b-it")).toBe(hueOf("gemma-4-e4b-it"));
  expect(chooseHue("qwen3.5-9b", new Set())).toBe(chooseHue("qwen3.5-9b", new Set()));
});

test("eight models have eight colours, and the ninth shares one", () => {
  const taken = new Set<string>();
  for (let index = 0; index < 8; index++) taken.add(chooseHue(`model-${index}`, taken));
  expect(taken.size).toBe(8);
  expect(taken.has(chooseHue("model-8", taken))).toBe(true);
});
