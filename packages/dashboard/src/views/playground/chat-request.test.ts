import { describe, expect, it } from "vitest";
import { chatRequestOf } from "./chat-request.ts";
import { problemsOf, usualSettings } from "./chat-settings.ts";
import { type ConversationAction, emptyConversation, reduceConversation } from "./conversation.ts";

const actions: ConversationAction[] = [
  { kind: "ask", question: { text: "a", images: ["data:image/png;base64,AA=="] }, model: "m", atMs: 0 },
  {
    kind: "events",
    id: 1,
    events: [
      { kind: "thought", text: "hm" },
      { kind: "text", text: "b" },
    ],
    atMs: 1,
  },
  { kind: "ended", id: 1, atMs: 2 },
  { kind: "ask", question: { text: "lost", images: [] }, model: "m", atMs: 3 },
  { kind: "failed", id: 2, problem: "Gone.", atMs: 4 },
];
const { turns: earlier } = actions.reduce(reduceConversation, emptyConversation);
const question = { text: "c", images: [] };

describe("the request of a question", () => {
  it("tells what was said, without thoughts and without what failed", () => {
    const settings = { ...usualSettings, system: "Be short." };
    expect(chatRequestOf({ model: "m", settings, canThink: true, earlier, question })).toEqual({
      model: "m",
      messages: [
        { role: "system", content: "Be short." },
        {
          role: "user",
          content: [
            { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } },
            { type: "text", text: "a" },
          ],
        },
        { role: "assistant", content: "b" },
        { role: "user", content: "c" },
      ],
    });
  });

  it("carries what is set, and thinking only to models that can", () => {
    const settings = {
      ...usualSettings,
      ...{
        temperature: "0",
        topP: "0,9",
        maxTokens: "64",
        seed: "7",
        thinking: "none",
        format: "json_schema",
      },
      schema: '{"type":"object"}',
    } as const;
    expect(chatRequestOf({ model: "m", settings, canThink: true, earlier: [], question })).toMatchObject({
      ...{ temperature: 0, top_p: 0.9, max_tokens: 64, seed: 7, reasoning_effort: "none" },
      response_format: { type: "json_schema", json_schema: { name: "answer", schema: { type: "object" } } },
    });
    const untold = chatRequestOf({ model: "m", settings, canThink: false, earlier: [], question });
    expect(untold).not.toHaveProperty("reasoning_effort");
  });

  it("is not made of what cannot be sent", () => {
    expect(problemsOf(usualSettings)).toEqual({});
    const problems = problemsOf({
      ...usualSettings,
      ...{ temperature: "3", topP: "x", maxTokens: "1.5", seed: "-1", format: "json_schema", schema: "[]" },
    });
    expect(Object.keys(problems).sort()).toEqual(["maxTokens", "schema", "seed", "temperature", "topP"]);
    expect(problems.temperature).toBe("Write a number from 0 to 2.");
  });
});
