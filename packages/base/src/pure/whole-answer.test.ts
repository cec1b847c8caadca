import { describe, expect, it } from "vitest";
import type { InferenceDelta } from "./inference.ts";
import { maxWholeAnswerBytes, WholeAnswer } from "./whole-answer.ts";

function gathered(deltas: readonly InferenceDelta[]): readonly InferenceDelta[] {
  const answer = new WholeAnswer();
  for (const delta of deltas) expect(answer.add(delta)).toBe(true);
  return answer.pieces;
}

describe("WholeAnswer", () => {
  it("joins neighbours of a kind, and keeps apart what the reader must tell apart", () => {
    const logprobs = [{ text: "x", logprob: -1, top: [] }];
    const call = (index: number) =>
      ({ kind: "tool-call", index, id: `c${index}`, name: "f", tokens: 1 }) as const;
    const args = (index: number, text: string) =>
      ({ kind: "tool-arguments", index, text, tokens: 1 }) as const;
    expect(
      gathered([
        { kind: "reasoning", text: "so ", tokens: 1 },
        { kind: "reasoning", text: "it is", tokens: 2 },
        { kind: "text", text: "a", tokens: 1 },
        { kind: "text", text: "b", tokens: 1 },
        { kind: "text", text: "x", tokens: 1, logprobs },
        { kind: "text", text: "c", tokens: 1 },
        call(0),
        args(0, "{"),
        args(0, "}"),
        args(1, "{}"),
      ]),
    ).toEqual([
      { kind: "reasoning", text: "so it is", tokens: 3 },
      { kind: "text", text: "ab", tokens: 2 },
      { kind: "text", text: "x", tokens: 1, logprobs },
      { kind: "text", text: "c", tokens: 1 },
      call(0),
      { kind: "tool-arguments", index: 0, text: "{}", tokens: 2 },
      args(1, "{}"),
    ]);
  });

  it("takes no more than its limit, joined or not, and lets go of what it had", () => {
    const answer = new WholeAnswer();
    const text = "x".repeat(1_000_000);
    let taken = 0;
    while (answer.add({ kind: "text", text, tokens: 1 })) taken += 1;
    expect(taken).toBe(Math.floor(maxWholeAnswerBytes / 3_000_000));
    expect(answer.pieces).toEqual([]);
    expect(answer.add({ kind: "score", index: 0, score: 1, tokens: 0 })).toBe(false);
  });
});
