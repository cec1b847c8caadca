import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStopMatcher } from "./stop-matcher.ts";

function run(
  pieces: readonly string[],
  stops: readonly string[],
): { text: string; stop: string | undefined } {
  const matcher = createStopMatcher(stops);
  let text = "";
  for (const piece of pieces) {
    const match = matcher.push(piece);
    text += match.text;
    if (match.stop !== undefined) return { text, stop: match.stop };
  }
  return { text: text + matcher.flush(), stop: undefined };
}

describe("stop matcher", () => {
  it("cuts at a stop string that lies across pieces", () => {
    expect(run(["one E", "N", "D two"], ["END"])).toEqual({ text: "one ", stop: "END" });
  });

  it("gives back text that only looked like a stop string", () => {
    expect(run(["one E", "Nough"], ["END"])).toEqual({ text: "one ENough", stop: undefined });
  });

  it("holds back no more than could begin a stop string", () => {
    const matcher = createStopMatcher(["END"]);
    expect(matcher.push("oneEN")).toEqual({ text: "one", stop: undefined });
    expect(matcher.flush()).toBe("EN");
  });

  it("lets the match that completes first win", () => {
    expect(run(["abcd"], ["abcd", "bc"])).toEqual({ text: "a", stop: "bc" });
    expect(run(["xabc"], ["bc", "abc"])).toEqual({ text: "x", stop: "abc" });
  });

  it("ignores empty stop strings", () => {
    expect(run(["abc"], [""])).toEqual({ text: "abc", stop: undefined });
  });

  it("answers the same however the text is cut", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(
        letters,
        stops,
        fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 30 }),
        (text, wanted, cuts) => {
          const pieces: string[] = [];
          let at = 0;
          for (const cut of cuts) {
            pieces.push(text.slice(at, at + cut));
            at += cut;
          }
          pieces.push(text.slice(at));
          expect(run(pieces, wanted)).toEqual(run([text], wanted));
        },
      ),
    );
  });
});
