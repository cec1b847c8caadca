import type { LlamaModel, Token } from "node-llama-cpp";
import { describe, expect, it } from "vitest";
import { createLogprobLog, toLogprob } from "./token-probabilities.ts";

const token = (id: number) => id as Token;
const model = { detokenize: ([id]: readonly Token[]) => `<${id}>` } as unknown as LlamaModel;
const none = new Map<Token, number>();

/** A log of tokens with these texts. */
function logOf(...texts: string[]) {
  const log = createLogprobLog(model, 0);
  texts.forEach((text, i) => {
    log.push(token(i), text, none);
  });
  return { take: (piece: string) => log.take(piece).map(({ text }) => text), log };
}

describe("the log of probabilities", () => {
  it("gives the tokens of each piece once", () => {
    const { take } = logOf("one", " two", " three");
    expect(take("one two")).toEqual(["one", " two"]);
    expect(take(" three")).toEqual([" three"]);
    expect(take(" four")).toEqual([]);
  });

  it("gives a token that is cut with its first part, and one without text with the one that completes it", () => {
    const { take } = logOf("on", "", "", "é!", "?");
    expect(take("o")).toEqual(["on"]);
    expect(take("n")).toEqual([]);
    expect(take("é")).toEqual(["", "", "é!"]);
    expect(take("!?")).toEqual(["?"]);
  });

  it("keeps what a stop string cuts away to itself", () => {
    const { take } = logOf("Hello", " wor", "ld");
    expect(take("Hello w")).toEqual(["Hello", " wor"]);
  });

  it("drops what never became answer", () => {
    const { take, log } = logOf("Look:", " \n", '{"name"', ':"f"}');
    expect(take("Look:")).toEqual(["Look:"]);
    log.push(token(9), "Done", none);
    log.push(token(9), ".", none);
    expect(take("Done")).toEqual(["Done"]);
    expect(take(".")).toEqual(["."]);
  });
});

describe("a token's probability", () => {
  const candidates = new Map([
    [token(7), 0.5],
    [token(8), 0.25],
    [token(9), 0],
  ]);
  const textOfOther = (id: Token) => `<${id}>`;

  it("comes with the best candidates, under its own text", () => {
    expect(toLogprob({ token: token(8), text: "é", candidates, topCount: 2 }, textOfOther)).toEqual({
      text: "é",
      logprob: Math.log(0.25),
      top: [
        { text: "<7>", logprob: Math.log(0.5) },
        { text: "é", logprob: Math.log(0.25) },
      ],
    });
  });

  it("is a number also where the candidates do not hold the token, or hold it as 0", () => {
    for (const id of [1, 9]) {
      const { logprob } = toLogprob({ token: token(id), text: "x", candidates, topCount: 0 }, textOfOther);
      expect(logprob).toBe(-9999);
    }
  });
});
