import type { ChatMessage } from "@muster/base";
import { describe, expect, it } from "vitest";
import { chooseDialect } from "./dialect.ts";
import { foldSystemMessage } from "./plain-turns.ts";
import { writeToolsAsText } from "./tool-text.ts";

const { call } = chooseDialect("");
const tools = [{ name: "get_time", description: "The time.", parameters: { type: "object" } }];
const conversation: ChatMessage[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "What time is it?" },
  {
    role: "assistant",
    content: "I look.",
    toolCalls: [{ id: "c1", name: "get_time", argumentsJson: '{"zone":"UTC"}' }],
  },
  { role: "tool", toolCallId: "c1", content: "12:00" },
  { role: "user", content: "And?" },
];

describe("tools in words", () => {
  it("describes the tools after what the system message says", () => {
    const [system, ...turns] = writeToolsAsText(conversation, tools, call);
    expect(system?.content).toMatch(/^Be brief\.\n\n/);
    expect(system?.content).toContain(
      '{"name":"get_time","description":"The time.","parameters":{"type":"object"}}',
    );
    expect(system?.content).toContain('{"tool_call": {"name": "TOOL NAME", "arguments": {ARGUMENTS}}}');
    expect(turns).toEqual([
      { role: "user", content: "What time is it?" },
      {
        role: "assistant",
        content: 'I look.\n{"tool_call": {"name": "get_time", "arguments": {"zone":"UTC"}}}',
      },
      { role: "user", content: "Result of get_time:\n12:00\n\nAnd?" },
    ]);
  });

  it("makes a system message where there is none, and folds one where it is refused", () => {
    const [system, user] = writeToolsAsText([{ role: "user", content: "Hi" }], tools, call);
    expect([system?.role, user?.role]).toEqual(["system", "user"]);
    expect(foldSystemMessage(conversation)[0]).toEqual({
      role: "user",
      content: "Be brief.\n\nWhat time is it?",
    });
  });
});
