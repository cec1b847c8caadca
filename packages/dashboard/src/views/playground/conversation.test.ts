import { describe, expect, it } from "vitest";
import {
  type Conversation,
  type ConversationAction,
  emptyConversation,
  figuresOf,
  openTurn,
  reduceConversation,
} from "./conversation.ts";

const ask = (text: string, atMs = 0, replaces?: number): ConversationAction => ({
  ...{ kind: "ask", question: { text, images: [] }, model: "auto", atMs, replaces },
});
const after = (...actions: readonly ConversationAction[]): Conversation =>
  actions.reduce(reduceConversation, emptyConversation);
const said = (id: number, text: string, atMs: number): ConversationAction => ({
  ...{ kind: "events", id, events: [{ kind: "text", text }], atMs },
});

describe("a conversation", () => {
  it("waits, streams and ends", () => {
    const waiting = after(ask("a"));
    expect(openTurn(waiting)?.answer.state).toBe("waiting");
    const streaming = reduceConversation(waiting, said(1, "b", 5));
    expect(openTurn(streaming)?.answer).toMatchObject({ state: "streaming", text: "b", firstAtMs: 5 });
    const done = reduceConversation(streaming, { kind: "ended", id: 1, atMs: 9 });
    expect(openTurn(done)).toBeUndefined();
    expect(done.turns[0]?.answer).toMatchObject({ state: "done", endedAtMs: 9 });
  });

  it("asks anew from any turn, and drops what came after it", () => {
    const ended = (id: number): ConversationAction => ({ kind: "ended", id, atMs: 1 });
    const { turns } = after(ask("a"), ended(1), ask("b"), ended(2), ask("c"), ended(3), ask("B", 7, 2));
    expect(turns.map(({ question }) => question.text)).toEqual(["a", "B"]);
    expect(turns[1]?.answer.state).toBe("waiting");
  });

  it("lets late pieces of a stopped or replaced answer change nothing", () => {
    const stopped = after(ask("a"), said(1, "x", 1), { kind: "stopped", id: 1, atMs: 2 });
    expect(reduceConversation(stopped, said(1, "y", 3))).toEqual(stopped);
    const replaced = after(ask("a"), ask("a", 4, 1));
    expect(reduceConversation(replaced, said(1, "y", 5))).toEqual(replaced);
    expect(reduceConversation(after(ask("a"), { kind: "clear" }), said(1, "y", 5)).turns).toEqual([]);
  });

  it("keeps what came before a failure", () => {
    const { turns } = after(ask("a"), said(1, "half", 1), {
      kind: "failed",
      id: 1,
      problem: "Gone.",
      atMs: 2,
    });
    expect(turns[0]?.answer).toMatchObject({ state: "failed", text: "half", problem: "Gone." });
  });

  it("measures the first token and the rate of the others", () => {
    const usage = { prompt_tokens: 1, completion_tokens: 11, total_tokens: 12 };
    const { turns } = after(
      ask("a", 1_000),
      said(1, "x", 1_250),
      { kind: "events", id: 1, events: [{ kind: "usage", usage }], atMs: 2_250 },
      { kind: "ended", id: 1, atMs: 2_250 },
    );
    const [turn] = turns;
    expect(turn && figuresOf(turn.answer)).toEqual({
      firstTokenMs: 250,
      tokensPerSecond: 10,
      totalMs: 1_250,
    });
  });
});
