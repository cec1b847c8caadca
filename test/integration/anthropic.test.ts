import Anthropic, { APIError } from "@anthropic-ai/sdk";
import type { MessageCreateParamsNonStreaming, MessageParam } from "@anthropic-ai/sdk/resources/messages";
import { describe, expect, it } from "vitest";
import { eventually, model, startCluster, type TestCluster } from "../harness/cluster.ts";

const look = {
  name: "look",
  description: "Looks somewhere.",
  input_schema: { type: "object" as const, properties: { at: { type: "string" } }, required: ["at"] },
};

function client(cluster: TestCluster, apiKey = "unused"): Anthropic {
  return new Anthropic({ baseURL: cluster.url, apiKey, maxRetries: 0 });
}

async function desk(overrides: Parameters<TestCluster["worker"]>[1] = {}) {
  const cluster = await startCluster();
  await cluster.worker("desk", overrides);
  return { cluster, anthropic: client(cluster) };
}

function asking(content: string, more: Partial<MessageCreateParamsNonStreaming> = {}) {
  return { model, max_tokens: 8, messages: [{ role: "user" as const, content }], ...more };
}

/** What differs between two answers to the same request. */
function lasting({ content, stop_reason, usage }: Anthropic.Message) {
  return JSON.parse(JSON.stringify({ content, stop_reason, usage })) as unknown;
}

describe("POST /v1/messages for the official @anthropic-ai/sdk package", () => {
  it("gives an answer, and streams the same one", async () => {
    const { anthropic } = await desk();
    const thinking = { type: "enabled" as const, budget_tokens: 2 };
    const request = asking("!think:so_it_is alpha", { system: "Be brief.", thinking });
    const answer = await anthropic.messages.create(request);
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^msg_/),
      type: "message",
      role: "assistant",
      model,
      content: [
        { type: "thinking", thinking: "so it", signature: "" },
        { type: "text", text: expect.stringContaining("alpha") },
      ],
      stop_reason: "max_tokens",
      stop_sequence: null,
      usage: { output_tokens: 8, output_tokens_details: { thinking_tokens: 2 } },
    });
    expect(answer.usage.input_tokens).toBeGreaterThan(0);
    expect(answer._request_id).toMatch(/^req-/);
    expect(lasting(await anthropic.messages.stream(request).finalMessage())).toEqual(lasting(answer));
  });

  it("shows no thoughts that were not asked for", async () => {
    const { anthropic } = await desk();
    const answer = await anthropic.messages.create(asking("!think:hm alpha"));
    expect(answer.content.map(({ type }) => type)).toEqual(["text"]);
  });

  it("calls tools, and goes on from their results", async () => {
    const { anthropic } = await desk();
    const tools = [look, { type: "web_search_20250305" as const, name: "web_search" as const }];
    const request = asking('!tool:look{"at":"door"} !tool:look{"at":"sky"}', { tools, max_tokens: 100 });
    const stream = anthropic.messages.stream(request);
    const inputs: unknown[] = [];
    stream.on("inputJson", (_partial, snapshot) => inputs.push(snapshot));
    const asked = await stream.finalMessage();
    expect(asked.stop_reason).toBe("tool_use");
    expect(inputs).toContainEqual({ at: "door" });
    const calls = asked.content.filter((block) => block.type === "tool_use");
    expect(calls.map(({ name, input }) => [name, input])).toEqual([
      ["look", { at: "door" }],
      ["look", { at: "sky" }],
    ]);
    expect(lasting(await anthropic.messages.create(request))).toMatchObject({
      content: [{ input: { at: "door" } }, { input: { at: "sky" } }],
      stop_reason: "tool_use",
    });

    const messages: MessageParam[] = [
      ...request.messages,
      { role: "assistant", content: asked.content },
      {
        role: "user",
        content: [
          ...calls.map(({ id }) => ({ type: "tool_result" as const, tool_use_id: id, content: "a cat" })),
          { type: "text", text: "go on" },
        ],
      },
    ];
    const said = await anthropic.messages.create({ ...request, messages, max_tokens: 2 });
    expect(said.content).toEqual([{ type: "text", text: "go on", citations: null }]);
    const forced = await anthropic.messages.create(
      asking("hello", { tools, tool_choice: { type: "tool", name: "look" }, max_tokens: 100 }),
    );
    expect(forced.content.map(({ type }) => type)).toEqual(["tool_use"]);
    const none = await anthropic.messages.create({ ...request, tool_choice: { type: "none" } });
    expect(none.stop_reason).not.toBe("tool_use");
  });

  it("answers its beta route, stops at a sequence, and holds an answer to a schema", async () => {
    const { anthropic } = await desk();
    const beta = await anthropic.beta.messages.create({ ...asking("one two"), betas: ["x-2026-01-01"] });
    expect(beta.content[0]).toMatchObject({ type: "text" });
    const stopped = await anthropic.messages.create(asking("one two", { stop_sequences: ["two"] }));
    expect(stopped).toMatchObject({
      stop_reason: "stop_sequence",
      stop_sequence: "two",
      content: [{ text: "one " }],
    });
    const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
    const shaped = await anthropic.messages.create(
      asking("hello", { max_tokens: 100, output_config: { format: { type: "json_schema", schema } } }),
    );
    const [block] = shaped.content;
    expect(JSON.parse(block?.type === "text" ? block.text : "")).toEqual({ n: expect.any(Number) });
  });

  it("counts the tokens of a request, those of its tools as well", async () => {
    const { anthropic } = await desk();
    const { messages } = asking("one two three");
    for (const prompt of [{ messages }, { messages, tools: [look], system: "Be brief." }]) {
      const counted = await anthropic.messages.countTokens({ model, ...prompt });
      const { usage } = await anthropic.messages.create({ model, max_tokens: 1, ...prompt });
      expect(counted.input_tokens).toBe(usage.input_tokens);
    }
    const bare = await anthropic.messages.countTokens({ model, messages });
    const tooled = await anthropic.messages.countTokens({ model, messages, tools: [look] });
    expect(tooled.input_tokens).toBe(bare.input_tokens + 3);
  });

  it("lets work wait that may", async () => {
    const { cluster } = await desk();
    const waited = /muster_queue_wait_seconds_count\{[^}]*batch[^}]*\} 1/;
    const metrics = async () => (await fetch(`${cluster.url}/metrics`)).text();
    await cluster.post("/v1/messages", asking("hi", { service_tier: "auto" }));
    expect(await metrics()).not.toMatch(waited);
    await cluster.post("/v1/messages", { ...asking("hi"), service_tier: "flex" });
    expect(await metrics()).toMatch(waited);
  });

  it("frees the slot when the client breaks out of a stream", async () => {
    const { cluster, anthropic } = await desk({ stubTokensPerSecond: 20 });
    const stream = await anthropic.messages.create({
      ...asking("long story", { max_tokens: 1_000 }),
      stream: true,
    });
    for await (const event of stream) if (event.type === "content_block_delta") break;
    await eventually(() => cluster.orchestrator.load().runningAttempts === 0, 1_000);
  });
});

describe("Anthropic's API that refuses", () => {
  it("has Anthropic's errors, from the first to the last", async () => {
    const { cluster, anthropic } = await desk({ contextTokens: 128 });
    const failure = async (request: Parameters<typeof anthropic.messages.create>[0]) => {
      const error = await anthropic.messages.create(request).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof APIError)) throw new Error("it was answered");
      return { status: error.status as number, type: error.type, message: error.message };
    };
    const invalid = { status: 400, type: "invalid_request_error" };
    expect(await failure({ ...asking("x"), model: "claude" })).toMatchObject({
      status: 404,
      type: "not_found_error",
    });
    for (const stream of [false, true]) {
      expect(await failure({ ...asking("!refuse"), stream })).toMatchObject(invalid);
      expect(await failure({ ...asking("word ".repeat(500)), stream })).toMatchObject({
        ...invalid,
        message: expect.stringContaining("prompt is too long: "),
      });
    }
    expect(await failure(asking("x", { messages: [{ role: "assistant", content: "I" }] }))).toMatchObject(
      invalid,
    );
    const empty = [{ role: "user" as const, content: [] }];
    expect(await failure(asking("x", { messages: empty }))).toMatchObject(invalid);
    expect(await failure(asking("!fail"))).toMatchObject({ status: 500, type: "api_error" });
    const broken = await cluster.post("/v1/messages", "{");
    expect(broken.status).toBe(400);
    expect(await broken.json()).toEqual({
      type: "error",
      error: { type: "invalid_request_error", message: expect.stringContaining("JSON") },
      request_id: broken.headers.get("request-id"),
    });
    const deep = `{"model":"${model}","max_tokens":1,"messages":${"[".repeat(60_000)}${"]".repeat(60_000)}}`;
    expect((await cluster.post("/v1/messages", deep)).status).toBe(400);
    expect((await anthropic.messages.create(asking("still here"))).stop_reason).toBe("max_tokens");
  });

  it("fails in the stream where it had begun", async () => {
    const { anthropic } = await desk();
    const stream = await anthropic.messages.create({ ...asking("please !break"), stream: true });
    const types: string[] = [];
    const read = async () => {
      for await (const event of stream) types.push(event.type);
    };
    await expect(read()).rejects.toMatchObject({ type: "api_error" });
    expect(types).toContain("content_block_delta");
    expect(types).not.toContain("message_stop");
  });

  it("takes a key in either header, and answers HEAD / without one", async () => {
    const key = "a-test-key-0123456789";
    const cluster = await startCluster({ apiKeys: [key] });
    await cluster.worker("desk");
    const bearer = new Anthropic({ baseURL: cluster.url, apiKey: null, authToken: key, maxRetries: 0 });
    for (const known of [client(cluster, key), bearer])
      expect((await known.messages.create(asking("hi"))).type).toBe("message");
    await expect(client(cluster, "wrong").messages.create(asking("hi"))).rejects.toMatchObject({
      status: 401,
      type: "authentication_error",
    });
    expect((await fetch(cluster.url, { method: "HEAD" })).status).toBe(200);
    expect((await fetch(`${cluster.url}/cluster/v1/workers`)).status).toBe(401);
  });
});
