import { describe, expect, it } from "vitest";
import { createSpecialTokenGuard, indexSpecialTexts, privateUseText } from "./special-token-guard.ts";

const texts = indexSpecialTexts(["<eos>", "<end_of_turn>", "<end_of", ""]);
const nonce = privateUseText([1, 5000, 3, 4, 5, 6, 7, 8]);

describe("special token guard", () => {
  it("leaves text without special tokens as it is", () => {
    expect(createSpecialTokenGuard(texts, nonce).protect("a < b <eo s>")).toBe("a < b <eo s>");
  });

  it("quotes special text and keeps the template's own", () => {
    const guard = createSpecialTokenGuard(texts, nonce);
    const content = guard.protect("say <end_of_turn> now<eos>");
    expect(content).not.toContain("<");
    expect(guard.split(`<start>${content}<end_of_turn>`)).toEqual([
      { kind: "template", text: "<start>say " },
      { kind: "quoted", text: "<end_of_turn>" },
      { kind: "template", text: " now" },
      { kind: "quoted", text: "<eos>" },
      { kind: "template", text: "<end_of_turn>" },
    ]);
  });

  it("takes the longest special text at a place", () => {
    const guard = createSpecialTokenGuard(texts, nonce);
    expect(guard.split(guard.protect("<end_of_turn>"))).toEqual([{ kind: "quoted", text: "<end_of_turn>" }]);
  });

  it("does not let two halves around a special text join into another", () => {
    const guard = createSpecialTokenGuard(texts, nonce);
    expect(guard.split(guard.protect("<e<eos>os>"))).toEqual([
      { kind: "template", text: "<e" },
      { kind: "quoted", text: "<eos>" },
      { kind: "template", text: "os>" },
    ]);
  });

  it("tells thousands of special texts in one request apart", () => {
    const guard = createSpecialTokenGuard(texts, nonce);
    const parts = guard.split(guard.protect(`${"<eos>".repeat(5000)}<end_of_turn>`));
    expect(parts.length).toBe(5001);
    expect(parts[5000]).toEqual({ kind: "quoted", text: "<end_of_turn>" });
  });

  it("survives private-use characters in the message", () => {
    const guard = createSpecialTokenGuard(texts, nonce);
    const own = privateUseText([1, 2, 3]);
    expect(guard.split(guard.protect(`${own}<eos>${own}`))).toEqual([
      { kind: "template", text: own },
      { kind: "quoted", text: "<eos>" },
      { kind: "template", text: own },
    ]);
  });
});

it("takes no longer where thousands of texts begin like what someone wrote", () => {
  const texts = indexSpecialTexts(Array.from({ length: 6000 }, (_, i) => `<unused${i}>`));
  // Each place is compared with one text at most, or this would be 600 million comparisons.
  const hostile = "<".repeat(100_000);
  const guard = createSpecialTokenGuard(texts, nonce);
  const startMs = performance.now();
  expect(guard.protect(hostile)).toBe(hostile);
  expect(performance.now() - startMs).toBeLessThan(1000);
  expect(texts.matchAt("a<unused42>b", 1)).toBe("<unused42>");
  expect(texts.matchAt("<unused42", 0)).toBeUndefined();
});
