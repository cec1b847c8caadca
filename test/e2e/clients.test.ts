import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { model, startCluster, untilSuiteEnds } from "../harness/cluster.ts";

/** The clients that people use, through the whole cluster, on a model that answers right. */

let url: string;
const atEnd = untilSuiteEnds();
beforeAll(async () => {
  const cluster = await startCluster({}, atEnd);
  await cluster.workerProcess("desk", {
    modelPath: "builtin:tiny-gemma",
    args: ["--slots", "4", "--threads", "1", "--context", "2048"],
  });
  url = cluster.url;
});

const weatherSchema = {
  type: "object" as const,
  properties: { city: { type: "string", description: "The city name" } },
  required: ["city"],
};
const weatherDescription = "Get the current weather in a city";
const weather = JSON.stringify({ temperature: 7, condition: "rain" });
const personSchema = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
} as const;
const askWeather = "What is the weather in Oslo?";
const weatherAnswer = "It is 7 degrees with rain in Oslo.";
const askJson = "Name: Grace, age: 45. Reply in JSON with name and age.";

describe("the openai package", () => {
  const client = () => new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });

  it("streams a chat with its helper", async () => {
    const stream = client().chat.completions.stream({
      model,
      temperature: 0,
      messages: [{ role: "user", content: "What is the capital of France?" }],
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    stream.on("content", (piece) => pieces.push(piece));
    const whole = await stream.finalChatCompletion();
    expect(whole.choices[0]?.message.content).toBe("The capital of France is Paris.");
    expect(pieces.join("")).toBe("The capital of France is Paris.");
    expect((await stream.totalUsage()).completion_tokens).toBeGreaterThan(3);
  });

  it("runs tools until there is an answer", async () => {
    const asked: unknown[] = [];
    const runner = client().chat.completions.runTools({
      model,
      temperature: 0,
      stream: true,
      messages: [{ role: "user", content: askWeather }],
      tools: [
        {
          type: "function",
          function: {
            name: "get_weather",
            description: weatherDescription,
            parameters: weatherSchema,
            parse: JSON.parse,
            function: (given: unknown) => {
              asked.push(given);
              return weather;
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe(weatherAnswer);
    expect(asked).toEqual([{ city: "Oslo" }]);
  });

  it("gets JSON that fits its schema", async () => {
    const answer = await client().chat.completions.parse({
      model,
      temperature: 0,
      messages: [{ role: "user", content: askJson }],
      response_format: {
        type: "json_schema",
        json_schema: { name: "person", schema: personSchema, strict: true },
      },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? "")).toEqual({ name: "Grace", age: 45 });
  });

  it("gets log-probabilities of what a greedy answer chose", async () => {
    const answer = await client().chat.completions.create({
      model,
      temperature: 0,
      messages: [{ role: "user", content: "What is 7 + 5?" }],
      logprobs: true,
      top_logprobs: 3,
    });
    const tokens = answer.choices[0]?.logprobs?.content ?? [];
    expect(tokens.map(({ token }) => token).join("")).toBe("12");
    for (const { logprob, top_logprobs: top } of tokens) {
      expect(logprob).toBeLessThanOrEqual(0);
      expect(top).toHaveLength(3);
      // Greedy: nothing was likelier than what was chosen.
      expect(top[0]?.logprob).toBe(logprob);
    }
  });

  it("embeds texts: the same text gives the same vector", async () => {
    const answer = await client().embeddings.create({ model, input: ["a red house", "Oslo", "a red house"] });
    const [first, other, again] = answer.data.map(({ embedding }) => embedding);
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    const length = Math.hypot(...(first ?? []));
    expect(length).toBeCloseTo(1, 3);
  });

  it("streams a response with a function call, then answers from its result", async () => {
    const tools = [
      {
        type: "function" as const,
        name: "get_weather",
        description: weatherDescription,
        parameters: weatherSchema,
        strict: false,
      },
    ];
    const stream = client().responses.stream({ model, temperature: 0, input: askWeather, tools });
    const first = await stream.finalResponse();
    const call = first.output.find((item) => item.type === "function_call");
    expect(JSON.parse(call?.arguments ?? "")).toEqual({ city: "Oslo" });
    const second = await client().responses.create({
      model,
      temperature: 0,
      tools,
      input: [
        { role: "user", content: askWeather },
        {
          type: "function_call",
          call_id: call?.call_id ?? "",
          name: "get_weather",
          arguments: call?.arguments ?? "",
        },
        { type: "function_call_output", call_id: call?.call_id ?? "", output: weather },
      ],
    });
    expect(second.output_text).toBe(weatherAnswer);
    expect(second.usage?.output_tokens).toBeGreaterThan(3);
  });
});

describe("the @anthropic-ai/sdk package", () => {
  const client = () => new Anthropic({ baseURL: url, apiKey: "none", maxRetries: 0 });
  /** Newer versions of the package have no such field; the API takes it. */
  const greedy: object = { temperature: 0 };
  const tools = [{ name: "get_weather", description: weatherDescription, input_schema: weatherSchema }];

  it("streams a message", async () => {
    const stream = client().messages.stream({
      model,
      max_tokens: 64,
      ...greedy,
      messages: [{ role: "user", content: "What is 7 + 5?" }],
    });
    const pieces: string[] = [];
    stream.on("text", (piece) => pieces.push(piece));
    const message = await stream.finalMessage();
    expect(message.stop_reason).toBe("end_turn");
    expect(pieces.join("")).toBe("12");
    expect(message.usage.output_tokens).toBeGreaterThan(0);
  });

  it("thinks where it is told to", async () => {
    const message = await client().messages.create({
      model,
      max_tokens: 2_048,
      thinking: { type: "enabled", budget_tokens: 1_024 },
      messages: [{ role: "user", content: "What is 7 + 5?" }],
      ...greedy,
    });
    expect(message.content.map((block) => block.type)).toEqual(["thinking", "text"]);
    expect(message.content.at(-1)).toMatchObject({ type: "text", text: "12" });
  });

  it("calls a tool and answers from its result", async () => {
    const first = await client().messages.create({
      model,
      max_tokens: 128,
      ...greedy,
      tools,
      messages: [{ role: "user", content: askWeather }],
    });
    expect(first.stop_reason).toBe("tool_use");
    const use = first.content.find((block) => block.type === "tool_use");
    expect(use).toMatchObject({ name: "get_weather", input: { city: "Oslo" } });
    const second = await client().messages.create({
      model,
      max_tokens: 128,
      ...greedy,
      tools,
      messages: [
        { role: "user", content: askWeather },
        { role: "assistant", content: first.content },
        { role: "user", content: [{ type: "tool_result", tool_use_id: use?.id ?? "", content: weather }] },
      ],
    });
    expect(second.content).toMatchObject([{ type: "text", text: weatherAnswer }]);
  });
});

describe("the Vercel AI SDK", () => {
  const languageModel = () =>
    createOpenAICompatible({
      name: "muster",
      baseURL: `${url}/v1`,
      supportsStructuredOutputs: true,
      includeUsage: true,
    })(model);

  it("streams text", async () => {
    const result = streamText({
      model: languageModel(),
      temperature: 0,
      prompt: "What is the capital of Japan?",
    });
    let text = "";
    for await (const piece of result.textStream) text += piece;
    expect(text).toBe("The capital of Japan is Tokyo.");
    expect((await result.usage).outputTokens).toBeGreaterThan(3);
    expect(await result.finishReason).toBe("stop");
  });

  it("runs a tool in a loop of its own", async () => {
    const { text, steps } = await generateText({
      model: languageModel(),
      temperature: 0,
      prompt: askWeather,
      stopWhen: stepCountIs(3),
      tools: {
        get_weather: tool({
          description: weatherDescription,
          inputSchema: z.object({ city: z.string().describe("The city name") }),
          execute: ({ city }) => (city === "Oslo" ? { temperature: 7, condition: "rain" } : "unknown"),
        }),
      },
    });
    expect(steps).toHaveLength(2);
    expect(text).toBe(weatherAnswer);
  });

  it("gets an object", async () => {
    const { object } = await generateObject({
      model: languageModel(),
      temperature: 0,
      prompt: askJson,
      schema: z.object({ name: z.string(), age: z.int() }),
    });
    expect(object).toEqual({ name: "Grace", age: 45 });
  });
});
