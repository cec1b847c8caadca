import type { InferenceDelta } from "@muster/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerDeltas, argumentsOfCall, textOf } from "../answering/deltas.fixture.ts";
import { type BlockEvent, ContentBlocks } from "./content-blocks.ts";

type Block = { type: string; text?: string; thinking?: string; json: string };

function tell(deltas: readonly InferenceDelta[]): BlockEvent[] {
  const blocks = new ContentBlocks();
  return [...deltas.flatMap((delta) => blocks.push(delta)), ...blocks.end()];
}

/** A client that knows nothing but the events: throws where an event has no place. */
function rebuild(events: readonly BlockEvent[]): Block[] {
  const blocks: Block[] = [];
  let isOpen = false;
  for (const event of events) {
    if (event.type === "content_block_start") {
      if (isOpen) throw new Error("two blocks are open");
      isOpen = true;
      blocks.push({ ...(event["content_block"] as { type: string }), json: "" });
    }
    const block = blocks.at(-1);
    if (!isOpen || block === undefined) throw new Error(`${event.type} belongs to no block`);
    if (event.index !== blocks.length - 1) throw new Error("an index is left out");
    if (event.type === "content_block_stop") isOpen = false;
    if (event.type === "content_block_delta") grow(block, event["delta"] as Record<string, string>);
  }
  if (isOpen) throw new Error("a block is never stopped");
  return blocks;
}

function grow(block: Block, delta: Record<string, string>): void {
  const kinds: Record<string, string> = {
    text_delta: "text",
    thinking_delta: "thinking",
    signature_delta: "thinking",
    input_json_delta: "tool_use",
  };
  if (kinds[delta["type"] ?? ""] !== block.type) throw new Error(`${delta["type"]} in ${block.type}`);
  if (delta["text"] !== undefined) block.text = (block.text ?? "") + delta["text"];
  if (delta["thinking"] !== undefined) block.thinking = (block.thinking ?? "") + delta["thinking"];
  block.json += delta["partial_json"] ?? "";
}

describe("the blocks of a message", () => {
  it("start, grow and stop one after the other, and their deltas add up", () => {
    fc.assert(
      fc.property(answerDeltas, (deltas) => {
        const blocks = rebuild(tell(deltas));
        expect(blocks.map(({ text }) => text ?? "").join("")).toBe(textOf(deltas, "text"));
        expect(blocks.map(({ thinking }) => thinking ?? "").join("")).toBe(textOf(deltas, "reasoning"));
        const calls = blocks.filter(({ type }) => type === "tool_use");
        expect(calls.map(({ json }) => json)).toEqual(
          calls.map((_call, index) => argumentsOfCall(deltas, index)),
        );
        expect(calls).toHaveLength(deltas.filter(({ kind }) => kind === "tool-call").length);
      }),
    );
  });

  it("sign a thought before they stop it", () => {
    const events = tell([
      { kind: "reasoning", text: "hm", tokens: 1 },
      { kind: "text", text: "yes", tokens: 1 },
    ]);
    expect(events.map(({ type, index, delta }) => [type, index, (delta as { type: string })?.type])).toEqual([
      ["content_block_start", 0, undefined],
      ["content_block_delta", 0, "thinking_delta"],
      ["content_block_delta", 0, "signature_delta"],
      ["content_block_stop", 0, undefined],
      ["content_block_start", 1, undefined],
      ["content_block_delta", 1, "text_delta"],
      ["content_block_stop", 1, undefined],
    ]);
  });

  it("refuse what an engine gives out of turn", () => {
    expect(() => tell([{ kind: "tool-arguments", index: 0, text: "{}", tokens: 1 }])).toThrow("call 0");
    expect(() => tell([{ kind: "token-ids", ids: [1], texts: ["a"], tokens: 0 }])).toThrow("token-ids");
  });
});
