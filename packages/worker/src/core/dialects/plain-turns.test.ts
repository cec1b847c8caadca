import type { ChatMessage } from "@muster/base";
import { expect, it } from "vitest";
import { foldSystemMessage, joinNeighbours, plainerTurns } from "./plain-turns.ts";

const said = (role: ChatMessage["role"], content: string): ChatMessage => ({ role, content });
const inShort = (messages: readonly ChatMessage[] | undefined) =>
  messages?.map(({ role, content }) => `${role}: ${content}`);

it("has users and assistants take turns, whoever spoke twice", () => {
  const turns = [said("user", "a"), said("user", "b"), said("assistant", "c"), said("assistant", "d")];
  expect(inShort(joinNeighbours(turns))).toEqual(["user: a\n\nb", "assistant: c\n\nd"]);
});

it("gives later system messages to the user, and joins the first ones", () => {
  const [turns, folded] = plainerTurns([
    said("system", "one"),
    said("system", "two"),
    said("user", "a"),
    said("system", "three"),
    said("assistant", "b"),
    said("system", "four"),
  ]);
  expect(inShort(turns)).toEqual(["system: one\n\ntwo", "user: a\n\nthree", "assistant: b", "user: four"]);
  expect(inShort(folded)).toEqual(["user: one\n\ntwo\n\na\n\nthree", "assistant: b", "user: four"]);
});

it("keeps each tool's result a message of its own, and all calls of joined messages", () => {
  const call = (id: string) => ({ id, name: "f", argumentsJson: "{}" });
  const messages: ChatMessage[] = [
    said("user", "a"),
    { ...said("assistant", "I look."), toolCalls: [call("1")] },
    { ...said("assistant", ""), toolCalls: [call("2")] },
    { ...said("tool", "x"), toolCallId: "1" },
    { ...said("tool", "y"), toolCallId: "2" },
  ];
  const joined = joinNeighbours(messages);
  expect(inShort(joined)).toEqual(["user: a", "assistant: I look.", "tool: x", "tool: y"]);
  expect(joined[1]?.toolCalls?.map(({ id }) => id)).toEqual(["1", "2"]);
});

it("leaves pictures where they stood", () => {
  const picture = { kind: "image", mediaType: "image/png", base64: "", at: 1 } as const;
  const [joined] = joinNeighbours([said("user", "abc"), { ...said("user", "de"), media: [picture] }]);
  expect(joined?.content).toBe("abc\n\nde");
  expect(joined?.media?.[0]?.at).toBe(6);
});

it("makes a message of a system message that nothing follows, or an answer", () => {
  expect(inShort(foldSystemMessage([said("system", "a")]))).toEqual(["user: a"]);
  expect(inShort(foldSystemMessage([said("system", "a"), said("assistant", "b")]))).toEqual([
    "user: a",
    "assistant: b",
  ]);
});
