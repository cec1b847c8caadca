import type { ChatMessage } from "@muster/base";
import { describe, expect, it } from "vitest";
import { compileChatTemplate } from "./chat-template.ts";
import { templateMessages, templateTools, withInnerToolResults } from "./template-messages.ts";

const plain = { text: (text: string) => text, answer: (text: string) => text };
const marked = { text: (text: string) => `[${text}]`, answer: (text: string) => `(${text})` };

const conversation: ChatMessage[] = [
  { role: "user", content: "Weather?" },
  {
    role: "assistant",
    content: "",
    reasoning: "I call.",
    toolCalls: [{ id: "c1", name: "get_weather", argumentsJson: '{"city":"Oslo","days":[1,true]}' }],
  },
  { role: "tool", toolCallId: "c1", content: "rain" },
];

/** What templates do with tools, thoughts and calls, in little. */
const template = compileChatTemplate(
  [
    "{%- if tools is not none %}{% for t in tools %}<tool>{{ t.function | tojson }}\n{% endfor %}{% endif -%}",
    "{%- if enable_thinking is defined %}<thinking={{ enable_thinking }}>\n{% endif -%}",
    "{%- for m in messages -%}",
    "<{{ m.role }}{% if m.name is defined %} {{ m.name }}{% endif %}>",
    "{%- if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif -%}",
    "{{ m.content }}",
    "{%- if 'tool_calls' in m %}{% for c in m.tool_calls %}<call {{ c.id }} {{ c.function.name }}:",
    "{%- for key, value in c.function.arguments | dictsort %}{{ key }}={{ value | tojson }};{% endfor %}>{% endfor %}{% endif %}{{ '\n' }}",
    "{%- endfor -%}",
  ].join(""),
  { bosText: "", eosText: "" },
);

describe("messages and tools for templates", () => {
  it("renders tools, thoughts, calls and results", () => {
    const tools = templateTools(
      [{ name: "get_weather", description: "d", parameters: { type: "object" } }],
      plain.text,
    );
    const text = template.render({
      messages: templateMessages(conversation, plain),
      tools,
      isThinking: true,
    });
    expect(text).toBe(
      [
        '<tool>{"name": "get_weather", "description": "d", "parameters": {"type": "object"}}',
        "<thinking=true>",
        "<user>Weather?",
        '<assistant><think>I call.</think><call c1 get_weather:city="Oslo";days=[1, true];>',
        "<tool get_weather>rain",
        "",
      ].join("\n"),
    );
    expect(template.render({ messages: [] })).toBe("");
  });

  it("protects everything that people wrote, keys too", () => {
    const tools = templateTools(
      [{ name: "n", description: "d", parameters: { properties: { key: { enum: ["v", 1, null] } } } }],
      marked.text,
    );
    expect(tools).toEqual([
      {
        type: "function",
        function: {
          name: "[n]",
          description: "[d]",
          parameters: { "[properties]": { "[key]": { "[enum]": ["[v]", 1, null] } } },
        },
      },
    ]);
    expect(templateMessages(conversation, marked)).toEqual([
      { role: "user", content: "[Weather?]" },
      {
        role: "assistant",
        content: "()",
        reasoning_content: "[I call.]",
        tool_calls: [
          {
            id: "[c1]",
            type: "function",
            function: { name: "[get_weather]", arguments: { "[city]": "[Oslo]", "[days]": [1, true] } },
          },
        ],
      },
      { role: "tool", content: "[rain]", name: "[get_weather]", tool_call_id: "[c1]" },
    ]);
  });

  it.each(["{", "[1]", '"a"', "null"])("refuses arguments that are no JSON object: %s", (argumentsJson) => {
    const toolCalls = [{ id: "c", name: "t", argumentsJson }];
    expect(() => templateMessages([{ role: "assistant", content: "", toolCalls }], plain)).toThrow(
      expect.objectContaining({
        code: "invalid_request",
        param: "messages[0].tool_calls[0].function.arguments",
      }),
    );
  });

  it("refuses arguments so deep that a template could not write them", () => {
    const argumentsJson = `{"a":${"[".repeat(60_000)}${"]".repeat(60_000)}}`;
    const toolCalls = [{ id: "c", name: "t", argumentsJson }];
    expect(() => templateMessages([{ role: "assistant", content: "", toolCalls }], plain)).toThrow(
      expect.objectContaining({ code: "invalid_request", message: expect.stringContaining("nested") }),
    );
  });

  it("puts results into the message that called, for templates that want them there", () => {
    const merged = withInnerToolResults(templateMessages(conversation, plain));
    expect(merged.length).toBe(2);
    expect(merged[1]).toMatchObject({ tool_responses: [{ name: "get_weather", response: "rain" }] });
  });

  it("says with the template's own words why it refuses", () => {
    const strict = compileChatTemplate("{{ raise_exception('no tools here') }}", {
      bosText: "",
      eosText: "",
    });
    expect(() => strict.render({ messages: [] })).toThrow(
      expect.objectContaining({ code: "invalid_request", message: expect.stringContaining("no tools here") }),
    );
  });
});
