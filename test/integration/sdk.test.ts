import { Muster } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { model, startCluster } from "../harness/cluster.ts";

describe("@muster/sdk", () => {
  it("calls tools, sends their results, and reads thoughts and probabilities", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const { chat } = new Muster({ baseUrl: cluster.url });
    const tools = [{ type: "function", function: { name: "weather" } }] as const;
    const question = { role: "user", content: "!tool:weather{}" } as const;
    const asked = await chat.completions.create({ model, messages: [question], tools });
    const [choice] = asked.choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    const calls = choice?.message.tool_calls ?? [];
    const results = calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "sunny" }) as const);
    const messages = [question, { role: "assistant", content: null, tool_calls: calls } as const, ...results];
    const answer = await chat.completions.create({ model, messages, tools, max_tokens: 1, logprobs: true });
    expect(answer.choices[0]?.message.content).toBe("sunny");
    expect(answer.choices[0]?.logprobs?.content?.[0]?.token).toBe("sunny");

    const stream = await chat.completions.create({
      model,
      messages: [{ role: "user", content: "!think:one_two" }],
      stream: true,
    });
    expect(stream.worker).toBe("desk");
    let thought = "";
    for await (const chunk of stream) thought += chunk.choices[0]?.delta.reasoning_content ?? "";
    expect(thought).toBe("one two");
  });

  it("embeds, reranks and cuts into tokens", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const muster = new Muster({ baseUrl: cluster.url });
    const { data } = await muster.embeddings.create({ model, input: ["red cat", "sky"] });
    expect(data.map(({ embedding }) => Math.hypot(...embedding))).toEqual([
      expect.closeTo(1),
      expect.closeTo(1),
    ]);
    const { results } = await muster.rerank.create({
      model,
      query: "cat",
      documents: ["sky", "cat"],
      top_n: 1,
    });
    expect(results).toEqual([{ index: 1, relevance_score: 1 }]);
    const { count, tokens } = await muster.tokenize.create({ model, prompt: "one two" });
    expect([count, tokens.length]).toEqual([2, 2]);
    const models = await muster.models.list();
    expect(models.data[0]?.capabilities).toContain("embedding");
  });
});
