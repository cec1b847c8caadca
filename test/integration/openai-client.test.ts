import { APIError, NotFoundError, OpenAI } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { eventually, model, startCluster, type TestCluster } from "../harness/cluster.ts";

function client(cluster: TestCluster, apiKey = "unused"): OpenAI {
  return new OpenAI({ baseURL: `${cluster.url}/v1`, apiKey, maxRetries: 0 });
}

describe("the official openai package", () => {
  it("gets an answer, a stream with usage, text completions and the list of models", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const openai = client(cluster);
    const messages = [{ role: "user" as const, content: "alpha beta" }];

    const answer = await openai.chat.completions.create({ model, messages, max_tokens: 5 });
    expect(answer.choices[0]?.message.content).toBeTruthy();
    expect(answer.usage?.completion_tokens).toBe(5);
    expect(answer._request_id).toMatch(/^req-/);

    const stream = await openai.chat.completions.create({
      model,
      messages,
      max_tokens: 5,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let tokens: number | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    expect(text).toBe(answer.choices[0]?.message.content);
    expect(tokens).toBe(5);

    const helper = openai.chat.completions.stream({ model, messages, max_tokens: 5 });
    expect((await helper.finalChatCompletion()).choices[0]?.finish_reason).toBe("length");

    const completion = await openai.completions.create({ model, prompt: "gamma", max_tokens: 3 });
    expect(completion.choices[0]?.text).toContain("gamma");

    const models = await openai.models.list();
    expect(models.data.map((one) => one.id)).toEqual([model]);
  });

  it("throws its own error classes, and sees an error in the middle of a stream", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const openai = client(cluster);
    await expect(
      openai.chat.completions.create({ model: "gpt-4", messages: [{ role: "user", content: "x" }] }),
    ).rejects.toBeInstanceOf(NotFoundError);
    const stream = await openai.chat.completions.create({
      model,
      messages: [{ role: "user", content: "please !break" }],
      stream: true,
    });
    const read = async () => {
      for await (const _chunk of stream);
    };
    await expect(read()).rejects.toBeInstanceOf(APIError);
  });

  it("that breaks out of a stream frees the slot", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", { stubTokensPerSecond: 20 });
    const stream = await client(cluster).chat.completions.create({
      model,
      messages: [{ role: "user", content: "long story" }],
      max_tokens: 1_000,
      stream: true,
    });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    await eventually(() => cluster.orchestrator.load().runningAttempts === 0, 1_000);
  });

  it("retries by itself while an orchestrator has just started and no worker has joined", async () => {
    const cluster = await startCluster();
    const openai = new OpenAI({ baseURL: `${cluster.url}/v1`, apiKey: "unused", maxRetries: 5 });
    const answer = openai.chat.completions.create({ model, messages: [{ role: "user", content: "early" }] });
    await cluster.worker("desk");
    expect((await answer).choices).toHaveLength(1);
  });

  it("calls tools in a loop, and puts streamed calls together", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const openai = client(cluster);
    const cities: string[] = [];
    const lookUp = {
      type: "function" as const,
      function: {
        name: "weather",
        description: "The weather of a city.",
        parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
        parse: (text: string) => JSON.parse(text) as { city: string },
        function: ({ city }: { city: string }) => {
          cities.push(city);
          return `sunny in ${city}`;
        },
      },
    };
    const messages = [{ role: "user" as const, content: 'ask !tool:weather{"city":"Oslo"}' }];
    const whole = openai.chat.completions.runTools({ model, messages, tools: [lookUp] });
    expect(await whole.finalContent()).toMatch(/^sunny in Oslo/);
    const streamed = openai.chat.completions.runTools({
      model,
      messages,
      tools: [lookUp],
      stream: true,
    });
    expect(await streamed.finalContent()).toMatch(/^sunny in Oslo/);
    expect(cities).toEqual(["Oslo", "Oslo"]);

    const { parse: _parse, function: _function, ...definition } = lookUp.function;
    const helper = openai.chat.completions.stream({
      model,
      messages,
      tools: [{ type: "function", function: definition }],
    });
    const finished: unknown[] = [];
    helper.on("tool_calls.function.arguments.done", (event) => finished.push(event.arguments));
    const final = await helper.finalChatCompletion();
    expect(finished).toEqual(['{"city":"Oslo"}']);
    expect(final.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ type: "function", function: { name: "weather" } }] },
    });
  });

  it("parses answers by a schema, and reads probabilities", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const openai = client(cluster);
    const messages = [{ role: "user" as const, content: "two words" }];
    const schema = z.object({ name: z.string(), tags: z.array(z.enum(["a", "b"])).min(1) });
    const parsed = await openai.chat.completions.parse({
      model,
      messages,
      response_format: zodResponseFormat(schema, "thing"),
    });
    expect(parsed.choices[0]?.message.parsed).toEqual({ name: "", tags: ["a"] });
    const stream = openai.chat.completions.stream({
      model,
      messages,
      logprobs: true,
      top_logprobs: 1,
      max_tokens: 4,
    });
    const { logprobs } = (await stream.finalChatCompletion()).choices[0] ?? {};
    expect(logprobs?.content?.map(({ token }) => token).join("")).toBe("two words two words");
  });

  it("decodes vectors, which it asks for in base64 by itself", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const { data, usage } = await client(cluster).embeddings.create({ model, input: ["red cat", "sky"] });
    expect(data.map(({ index }) => index)).toEqual([0, 1]);
    expect(data[0]?.embedding.every((value) => typeof value === "number")).toBe(true);
    expect(Math.hypot(...(data[0]?.embedding ?? []))).toBeCloseTo(1);
    expect(usage.prompt_tokens).toBe(3);
  });
});
