import { deferred, type InferenceDelta } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { AnswerItem } from "./child-messages.ts";
import { Outbox } from "./outbox.ts";

function record() {
  const sent: (readonly AnswerItem[])[] = [];
  const written: (() => void)[] = [];
  const next = { arrived: deferred<void>() };
  const outbox = new Outbox((items, whenWritten) => {
    sent.push(items);
    written.push(whenWritten);
    next.arrived.resolve();
    next.arrived = deferred<void>();
  });
  return { sent, written, next, outbox };
}

const text = (piece: string, tokens = 1): InferenceDelta => ({ kind: "text", text: piece, tokens });

/** What a reader that takes its time gets for these pieces: all in one message. */
function coalesced(deltas: readonly InferenceDelta[]): unknown[] {
  const { sent, written, outbox } = record();
  outbox.delta(0, text("other answer"));
  for (const delta of deltas) outbox.delta(1, delta);
  written[0]?.();
  return (sent[1] ?? []).map((item) => ("event" in item ? item.event : item));
}

const end = {
  kind: "end",
  reason: "stop",
  usage: { promptTokens: 1, cachedTokens: 0, completionTokens: 2 },
  timings: { prefillMs: 0, decodeMs: 0 },
} as const;

describe("outbox", () => {
  it("sends the first piece at once and coalesces the rest", async () => {
    const { sent, written, next, outbox } = record();
    outbox.delta(1, text("a"));
    expect(sent).toEqual([[{ id: 1, event: text("a") }]]);
    written[0]?.();
    const second = next.arrived.promise;
    outbox.delta(1, text("b"));
    outbox.delta(1, text("c", 2));
    await second;
    expect(sent[1]).toEqual([{ id: 1, event: text("bc", 3) }]);
  });

  it("has one message under way, and keeps text before its end", () => {
    const { sent, written, outbox } = record();
    outbox.delta(1, text("a"));
    outbox.delta(1, text("b"));
    outbox.delta(2, text("x"));
    outbox.delta(1, text("c"));
    outbox.end(1, end);
    expect(sent.length).toBe(1);
    written[0]?.();
    expect(sent[1]).toEqual([
      { id: 1, event: text("bc", 2) },
      { id: 2, event: text("x") },
      { id: 1, event: end },
    ]);
  });

  it("keeps the order of kinds, and joins only neighbours of one kind", () => {
    const reasoning = (piece: string, tokens: number) =>
      ({ kind: "reasoning", text: piece, tokens }) as const;
    const args = (index: number, piece: string, tokens: number) =>
      ({ kind: "tool-arguments", index, text: piece, tokens }) as const;
    const call = { kind: "tool-call", index: 0, id: "call_1", name: "f", tokens: 4 } as const;
    expect(
      coalesced([
        reasoning("I ", 1),
        reasoning("see", 1),
        text("ye"),
        text("s"),
        reasoning("hm", 1),
        call,
        args(0, "{", 1),
        args(0, "}", 2),
        args(1, "{}", 1),
        text("."),
      ]),
    ).toEqual([
      reasoning("I see", 2),
      text("yes", 2),
      reasoning("hm", 1),
      call,
      args(0, "{}", 3),
      args(1, "{}", 1),
      text("."),
    ]);
  });

  it("joins the probabilities with the text, and never text that has them with text that has none", () => {
    const probable = (piece: string) =>
      ({ kind: "text", text: piece, tokens: 1, logprobs: [{ text: piece, logprob: -1, top: [] }] }) as const;
    expect(coalesced([probable("a"), probable("b"), text("c")])).toEqual([
      { ...probable("ab"), tokens: 2, logprobs: [...probable("a").logprobs, ...probable("b").logprobs] },
      text("c"),
    ]);
  });

  it("keeps vectors and scores apart", () => {
    const vector = (index: number) => ({ kind: "embedding", index, values: [1], tokens: 0 }) as const;
    const score = { kind: "score", index: 0, score: 0.5, tokens: 0 } as const;
    expect(coalesced([vector(0), vector(1), score])).toEqual([vector(0), vector(1), score]);
  });
});
