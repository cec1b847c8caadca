import { expect, test } from "vitest";
import { changeCapabilities, parseCapabilityChange } from "./capability-change.ts";

test.each<[string, readonly string[]]>([
  ["vision", ["vision"]],
  [" chat, audio ,", ["chat", "audio"]],
  ["+vision,-tools", ["chat", "vision"]],
  ["-chat", ["tools"]],
])("%j makes of chat and tools", (text, expected) => {
  expect(changeCapabilities(["chat", "tools"], parseCapabilityChange(text))).toEqual(expected);
});

test.each(["", ",", "telepathy", "+vision,chat", "+", "--tools"])(
  "refuses %j and says which there are",
  (text) => {
    expect(() => parseCapabilityChange(text)).toThrow(/structured_output/);
  },
);

test("without a change everything stays", () => {
  expect(changeCapabilities(["chat"], undefined)).toEqual(["chat"]);
});
