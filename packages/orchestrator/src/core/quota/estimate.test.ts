import type { GenerateRequest } from "@muster/base";
import { describe, expect, it } from "vitest";
import { promptKeyOf, reserveOf, tokensToReserve } from "./estimate.ts";

const sampling = {
  temperature: 0,
  topK: 40,
  topP: 1,
  minP: 0,
  seed: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
};
const generate = (text: string, maxTokens?: number): GenerateRequest => ({
  ...{ task: "generate", prompt: { kind: "text", text }, sampling, maxTokens, stop: [] },
});

describe("what a request is expected to take", () => {
  it("is its prompt by its length and the longest answer that it allows, for each choice", () => {
    const reserve = reserveOf([generate("x".repeat(41), 100), generate("x".repeat(41), 100)]);
    expect(reserve).toEqual({ promptTokens: 22, answerTokens: 200 });
    expect(tokensToReserve(reserve, 2, 50)).toBe(222);
  });

  it("is a guess where the answer may have any length, and never more than there is room for", () => {
    const reserve = reserveOf([generate("x".repeat(40)), generate("x", 10)]);
    expect(reserve).toEqual({ promptTokens: 11, answerTokens: undefined });
    expect(tokensToReserve(reserve, 2, undefined)).toBe(11 + 1_024);
    expect(tokensToReserve(reserve, 2, 100)).toBe(100);
    // A prompt that is too long by itself is no guess.
    expect(tokensToReserve(reserve, 2, 5)).toBe(11);
  });

  it("counts what is read without an answer", () => {
    expect(reserveOf([{ task: "embed", inputs: ["abcd", "efgh"] }])).toEqual({
      promptTokens: 2,
      answerTokens: 0,
    });
    const rerank = { task: "rerank", query: "abcd", documents: ["abcd", "efghijkl"] } as const;
    expect(reserveOf([rerank]).promptTokens).toBe(5);
    const tokenize = { task: "tokenize", prompt: { kind: "text", text: "abcdefgh" } } as const;
    expect(reserveOf([tokenize]).promptTokens).toBe(2);
  });

  it("knows the prompt that choices share", () => {
    const one = generate("a");
    expect(promptKeyOf(one)).toBe(promptKeyOf({ ...one, sampling: { ...sampling, seed: 2 } }));
    expect(promptKeyOf(one)).not.toBe(promptKeyOf(generate("a")));
  });
});
