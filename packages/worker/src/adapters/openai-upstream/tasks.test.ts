import { describe, expect, it } from "vitest";
import { parseCapabilityChange } from "../../core/capability-change.ts";
import { failureCode } from "../../ports/engine.contract.ts";
import { json, type Route } from "./scripted-server.fake.ts";
import { eventsOf, serve } from "./upstream.fixture.ts";

describe("an upstream's other tasks", () => {
  const all = { capabilities: parseCapabilityChange("+embedding,+rerank") };

  it("gives vectors of length 1, in the order of the texts, some at a time", async () => {
    const route: Route = (response, { body }) => {
      const data = (body["input"] as string[]).map((text, index) => ({
        index,
        embedding: [Number(text), 0, 4],
      }));
      json({ data: data.reverse(), usage: { prompt_tokens: 2 } })(response, undefined as never);
    };
    const { replica, server } = await serve({ "/v1/embeddings": route }, all);
    const inputs = Array.from({ length: 130 }, (_, i) => String(i));
    const events = await eventsOf(replica, { task: "embed", inputs });
    expect(events[3]).toEqual({ kind: "embedding", index: 3, values: [0.6, 0, 0.8], tokens: 0 });
    expect(events.slice(0, -1).map((each) => each.kind === "embedding" && each.index)).toEqual([
      ...inputs.keys(),
    ]);
    expect(events.at(-1)).toMatchObject({ usage: { promptTokens: 6, completionTokens: 0 } });
    const asked = server.seen.filter(({ path }) => path === "/v1/embeddings");
    expect(asked.map(({ body }) => (body["input"] as string[]).length)).toEqual([64, 64, 2]);
  });

  it("refuses an empty text, and a reply that lacks a vector", async () => {
    const { replica } = await serve({ "/v1/embeddings": json({ data: [] }) }, all);
    await expect(eventsOf(replica, { task: "embed", inputs: ["a", ""] })).rejects.toMatchObject({
      code: "invalid_request",
      param: "input[1]",
    });
    expect(await failureCode(eventsOf(replica, { task: "embed", inputs: ["a"] }))).toBe("engine_failed");
  });

  it("gives scores in the order of the documents", async () => {
    const results = [
      { index: 1, relevance_score: 0.9 },
      { index: 0, relevance_score: 0.2 },
    ];
    const { replica } = await serve({ "/v1/rerank": json({ results, usage: { total_tokens: 5 } }) }, all);
    const events = await eventsOf(replica, { task: "rerank", query: "q", documents: ["a", "b"] });
    expect(events).toMatchObject([
      { kind: "score", index: 0, score: 0.2 },
      { kind: "score", index: 1, score: 0.9 },
      { kind: "end", usage: { promptTokens: 5 } },
    ]);
  });

  it("gives a chat's tokens with their texts", async () => {
    const { replica, server } = await serve({
      "/tokenize": json({ tokens: [2, 7], token_strs: ["<s>", "hi"] }),
    });
    const prompt = { kind: "chat", messages: [{ role: "user", content: "hi" }] } as const;
    const tools = { definitions: [{ name: "now" }], choice: { kind: "auto" }, isParallel: true } as const;
    const events = await eventsOf(replica, { task: "tokenize", prompt, tools, thinking: { mode: "off" } });
    expect(events[0]).toEqual({ kind: "token-ids", ids: [2, 7], texts: ["<s>", "hi"], tokens: 0 });
    expect(server.seen.at(-1)?.body).toMatchObject({
      messages: prompt.messages,
      tools: [{ function: { name: "now" } }],
      chat_template_kwargs: { enable_thinking: false },
      return_token_strs: true,
    });
  });
});
