import { describe, expect, it } from "vitest";
import { coversModels, mayUseModel } from "./model-gate.ts";

const entry = { id: "gemma-4-e4b-it", family: "gemma-4", aliases: ["gemma4:4b", "google/gemma-4-e4b-it"] };

describe("the models of a key", () => {
  it.each([
    [undefined, "anything", true],
    [[], "anything", false],
    [["*"], "anything", true],
    [["gemma-*"], "gemma-4-e4b-it", true],
    [["gemma-*"], "qwen-3-8b", false],
    [["gemma-*"], "not-gemma-4", false],
    [["*-it"], "gemma-4-e4b-it", true],
    [["g*4*it"], "gemma-4-e4b-it", true],
    [["aa*aa"], "aaa", false],
    [["a**b"], "ab", true],
    [["Gemma-4-E4B-it"], "gemma-4-e4b-it", true],
    [["gemma-4-e4b-it"], "gemma-4-e4b-it:q8_0", true],
    [["gemma-4-e4b-it:q8_0"], "gemma-4-e4b-it:q8_0", true],
    [["gemma-4-e4b-it:q8_0"], "gemma-4-e4b-it", false],
    [["gemma-4-e4b-it:q8_0"], "gemma-4-e4b-it:q4_0", false],
    [["g.mma-4-e4b-it"], "gemma-4-e4b-it", false],
  ])("%j with %s: %s", (patterns, model, expected) => {
    expect(mayUseModel(patterns, { model })).toBe(expected);
  });

  it("may be named by id, family or alias, whatever name a model is served by", () => {
    for (const pattern of ["gemma-4", "gemma-4-e4b-it", "google/*", "gemma4:4b"])
      expect(mayUseModel([pattern], { model: "desk-model", entry })).toBe(true);
    expect(mayUseModel(["gemma-4-e4b-it:q8_0"], { model: "desk-model", entry })).toBe(false);
    expect(mayUseModel(["gemma-4:q8_0"], { model: "gemma-4-e4b-it:q8_0", entry })).toBe(true);
    expect(mayUseModel(["qwen-*"], { model: "gemma-4-e4b-it", entry })).toBe(false);
  });

  it("can be given on as far as one has them", () => {
    expect(coversModels(undefined, undefined)).toBe(true);
    expect(coversModels(["gemma-*"], undefined)).toBe(false);
    expect(coversModels(["gemma-*"], ["gemma-4-*", "gemma-3-1b-it"])).toBe(true);
    expect(coversModels(["gemma-*"], ["*"])).toBe(false);
    expect(coversModels(["gemma-*"], ["gemma*"])).toBe(false);
    expect(coversModels(["gemma-4", "qwen-*"], ["gemma-4", "gemma-3"])).toBe(false);
  });

  it("take no time that grows with what a pattern could match", () => {
    const pattern = "a*".repeat(60);
    const startedAt = performance.now();
    expect(mayUseModel([`${pattern}b`], { model: "a".repeat(2_000) })).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
