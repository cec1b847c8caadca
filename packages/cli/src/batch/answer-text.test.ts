import { describe, expect, it } from "vitest";
import { answerOf } from "./answer-text.ts";

const line = (body: unknown, status_code = 200) => ({
  custom_id: "a",
  response: { status_code, body },
  error: null,
});

describe("the text of an answer", () => {
  it.each([
    ["/v1/chat/completions", { choices: [{ message: { content: "yes" } }] }, "yes"],
    [
      "/v1/chat/completions",
      { choices: [{ message: { content: null, tool_calls: [{ id: "1" }] } }] },
      '[{"id":"1"}]',
    ],
    ["/v1/completions", { choices: [{ text: " yes" }] }, " yes"],
    ["/v1/embeddings", { data: [{ embedding: [0.5, 1] }] }, "[0.5,1]"],
    [
      "/v1/responses",
      {
        output: [
          { type: "reasoning", content: [{ text: "hm" }] },
          { type: "message", content: [{ type: "output_text", text: "yes" }] },
        ],
      },
      "yes",
    ],
    ["/v1/chat/completions", {}, ""],
  ] as const)("comes from %s", (endpoint, body, text) => {
    expect(answerOf(line(body), endpoint)).toEqual({ text, error: "" });
  });

  it("is an error where the line failed or never ran", () => {
    const refused = line({ error: { code: "context_length_exceeded", message: "Too long." } }, 400);
    expect(answerOf(refused, "/v1/embeddings").error).toBe("context_length_exceeded: Too long.");
    const never = { custom_id: "a", response: null, error: { code: "batch_expired", message: "Late." } };
    expect(answerOf(never, "/v1/embeddings")).toEqual({ text: "", error: "batch_expired: Late." });
  });
});
