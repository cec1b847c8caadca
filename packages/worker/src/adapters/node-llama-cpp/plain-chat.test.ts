import { expect, it } from "vitest";
import { compileChatTemplate } from "./chat-template.ts";
import { plainChat } from "./plain-chat.ts";

it("writes a conversation as questions and answers, and leaves the last answer to the model", () => {
  const template = compileChatTemplate(plainChat.template, { bosText: "", eosText: "" });
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content: " Who are you? " },
    { role: "assistant", content: "A model." },
    { role: "user", content: "Since when?" },
  ];
  const text = template.render({ messages });
  expect(text).toBe("Be brief.\n\nQuestion: Who are you?\nAnswer: A model.\nQuestion: Since when?\nAnswer:");
});
