import { deferred } from "@muster/base";
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

const end = {
  kind: "end",
  reason: "stop",
  usage: { promptTokens: 1, cachedTokens: 0, completionTokens: 2 },
  timings: { prefillMs: 0, decodeMs: 0 },
} as const;

describe("outbox", () => {
  it("sends the first piece at once and coalesces the rest", async () => {
    const { sent, written, next, outbox } = record();
    outbox.text(1, { text: "a", tokens: 1, isFirst: true });
    expect(sent).toEqual([[{ id: 1, event: { kind: "text", text: "a", tokens: 1 } }]]);
    written[0]?.();
    const second = next.arrived.promise;
    outbox.text(1, { text: "b", tokens: 1, isFirst: false });
    outbox.text(1, { text: "c", tokens: 2, isFirst: false });
    await second;
    expect(sent[1]).toEqual([{ id: 1, event: { kind: "text", text: "bc", tokens: 3 } }]);
  });

  it("has one message under way, and keeps text before its end", () => {
    const { sent, written, outbox } = record();
    outbox.text(1, { text: "a", tokens: 1, isFirst: true });
    outbox.text(1, { text: "b", tokens: 1, isFirst: false });
    outbox.text(2, { text: "x", tokens: 1, isFirst: true });
    outbox.text(1, { text: "c", tokens: 1, isFirst: false });
    outbox.end(1, end);
    expect(sent.length).toBe(1);
    written[0]?.();
    expect(sent[1]).toEqual([
      { id: 1, event: { kind: "text", text: "bc", tokens: 2 } },
      { id: 2, event: { kind: "text", text: "x", tokens: 1 } },
      { id: 1, event: end },
    ]);
  });
});
