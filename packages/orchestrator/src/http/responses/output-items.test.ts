import type { InferenceDelta } from "@muster/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerDeltas, argumentsOfCall, textOf } from "../answering/deltas.fixture.ts";
import { type ItemEvent, type OutputItem, OutputItems } from "./output-items.ts";

interface Told {
  readonly events: readonly ItemEvent[];
  readonly output: readonly OutputItem[];
}

function tell(deltas: readonly InferenceDelta[], status: "completed" | "incomplete" = "completed"): Told {
  let ids = 0;
  const items = new OutputItems((prefix) => `${prefix}${++ids}`);
  const events = [...deltas.flatMap((delta) => items.push(delta)), ...items.end(status)];
  return { events, output: items.done };
}

const itemOf = (event: ItemEvent) => event["item"] as OutputItem;

/** A client that knows nothing but the events: throws where an event has no place yet. */
function rebuild(events: readonly ItemEvent[]): OutputItem[] {
  const done: OutputItem[] = [];
  let open: { id: string; deltas: string; finished: string | undefined; hasPart: boolean } | undefined;
  for (const event of events) {
    const [, subject, verb] = event.type.split(".") as [string, string, string];
    if (subject === "output_item" && verb === "added") {
      if (open !== undefined) throw new Error("two items are open");
      if (event["output_index"] !== done.length) throw new Error("an index is left out");
      open = { id: itemOf(event).id, deltas: "", finished: undefined, hasPart: false };
      continue;
    }
    if (open === undefined) throw new Error(`${event.type} belongs to no item`);
    if (event["output_index"] !== done.length) throw new Error("an event of another item");
    if (subject === "output_item") {
      if (itemOf(event).id !== open.id) throw new Error("another item is done");
      if (open.deltas !== open.finished) throw new Error("deltas do not add up");
      done.push(itemOf(event));
      open = undefined;
      continue;
    }
    if (event["item_id"] !== open.id) throw new Error("an event of another item");
    const isCall = subject === "function_call_arguments";
    if (subject === "content_part" && verb === "added") open.hasPart = true;
    else if (!isCall && !open.hasPart) throw new Error("no part was added");
    if (verb === "delta") open.deltas += event["delta"] as string;
    if (verb === "done" && subject !== "content_part")
      open.finished = event[isCall ? "arguments" : "text"] as string;
  }
  if (open !== undefined) throw new Error("an item is never done");
  return done;
}

function textsOf(items: readonly OutputItem[], type: "message" | "reasoning"): string {
  return items.flatMap((item) => (item.type === type ? item.content.map(({ text }) => text) : [])).join("");
}

describe("the items of a response", () => {
  it("are added, grow and are done one after the other, and their deltas add up", () => {
    fc.assert(
      fc.property(answerDeltas, fc.constantFrom("completed", "incomplete"), (deltas, status) => {
        const { events, output } = tell(deltas, status);
        expect(rebuild(events)).toEqual(output);
        expect(textsOf(output, "message")).toBe(textOf(deltas, "text"));
        expect(textsOf(output, "reasoning")).toBe(textOf(deltas, "reasoning"));
        const calls = output.filter((item) => item.type === "function_call");
        expect(calls).toHaveLength(deltas.filter(({ kind }) => kind === "tool-call").length);
        expect(calls.map((call) => call.arguments)).toEqual(
          calls.map((_call, index) => argumentsOfCall(deltas, index)),
        );
        expect(new Set(output.map(({ id }) => id)).size).toBe(output.length);
        const statuses = output.map((item) => item.status);
        expect(statuses.slice(0, -1).every((each) => each === "completed")).toBe(true);
        if (output.length > 0) expect(statuses.at(-1)).toBe(status);
      }),
    );
  });

  it("tell of a thought, an answer and a call in the order that clients expect", () => {
    const { events } = tell([
      { kind: "reasoning", text: "hm", tokens: 1 },
      { kind: "text", text: "Let me see.", tokens: 3 },
      { kind: "tool-call", index: 0, id: "call_1", name: "look", tokens: 1 },
      { kind: "tool-arguments", index: 0, text: '{"at":1}', tokens: 4 },
    ]);
    expect(events.map(({ type }) => type.replace("response.", ""))).toEqual([
      "output_item.added",
      "content_part.added",
      "reasoning_text.delta",
      "reasoning_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
    ]);
  });

  it("hold an empty message where a complete answer said nothing, and nothing where it was cut off", () => {
    const thought: InferenceDelta = { kind: "reasoning", text: "hm", tokens: 1 };
    expect(tell([thought]).output.map(({ type }) => type)).toEqual(["reasoning", "message"]);
    expect(tell([thought], "incomplete").output).toMatchObject([{ type: "reasoning", status: "incomplete" }]);
  });

  it("carry the probabilities of the text's tokens", () => {
    const logprobs = [{ text: "é", logprob: -0.5, top: [{ text: "e", logprob: -1 }] }];
    const { output } = tell([{ kind: "text", text: "é", tokens: 1, logprobs }]);
    expect(output[0]).toMatchObject({
      content: [
        {
          logprobs: [
            {
              token: "é",
              bytes: [0xc3, 0xa9],
              logprob: -0.5,
              top_logprobs: [{ token: "e", bytes: [0x65], logprob: -1 }],
            },
          ],
        },
      ],
    });
  });

  it("refuse what an engine gives out of turn", () => {
    const call: InferenceDelta = { kind: "tool-call", index: 0, id: "call_1", name: "look", tokens: 1 };
    expect(() => tell([call, { kind: "tool-arguments", index: 1, text: "{}", tokens: 1 }])).toThrow("call 1");
    expect(() => tell([{ kind: "score", index: 0, score: 1, tokens: 0 }])).toThrow("score");
  });
});
