import { type APIError, BadRequestError, NotFoundError, OpenAI } from "openai";
import type {
  Response as OpenAiResponse,
  ResponseInput,
  ResponseStreamEvent,
} from "openai/resources/responses/responses";
import { describe, expect, it } from "vitest";
import { eventually, model, startCluster, type TestCluster } from "../harness/cluster.ts";

const look = {
  type: "function" as const,
  name: "look",
  description: "Looks somewhere.",
  parameters: { type: "object", properties: { at: { type: "string" } }, required: ["at"] },
  strict: true,
};

function client(cluster: TestCluster, apiKey = "unused"): OpenAI {
  return new OpenAI({ baseURL: `${cluster.url}/v1`, apiKey, maxRetries: 0 });
}

async function desk(overrides: Parameters<TestCluster["worker"]>[1] = {}) {
  const cluster = await startCluster();
  await cluster.worker("desk", overrides);
  return { cluster, openai: client(cluster) };
}

async function eventsOf(stream: AsyncIterable<ResponseStreamEvent>): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** What differs between two answers to the same request: ids and times. */
function lasting({ output, status, usage, output_text }: OpenAiResponse) {
  return { status, usage, output_text, output: output.map((item) => ({ ...item, id: "" })) };
}

describe("POST /v1/responses for the official openai package", () => {
  it("gives an answer with every field of a response", async () => {
    const { openai } = await desk();
    const answer = await openai.responses.create({
      model,
      instructions: "Be brief.",
      input: "alpha beta",
      temperature: 0,
      metadata: { team: "desk" },
    });
    expect(answer.output_text).toContain("alpha beta alpha");
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^resp_/),
      object: "response",
      status: "completed",
      model,
      instructions: "Be brief.",
      error: null,
      incomplete_details: null,
      metadata: { team: "desk" },
      parallel_tool_calls: true,
      previous_response_id: null,
      store: false,
      temperature: 0,
      top_p: 0.95,
      tool_choice: "auto",
      tools: [],
      text: { format: { type: "text" } },
      truncation: "disabled",
      output: [
        {
          id: expect.stringMatching(/^msg_/),
          type: "message",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", annotations: [], logprobs: [] }],
        },
      ],
    });
    const { usage } = answer;
    expect(usage?.output_tokens).toBe(16);
    expect(usage?.total_tokens).toBe((usage?.input_tokens ?? 0) + 16);
    expect(usage?.input_tokens_details.cached_tokens).toBe(0);
    expect(usage?.output_tokens_details.reasoning_tokens).toBe(0);
    expect(answer._request_id).toMatch(/^req-/);
  });

  it("streams the same answer, numbered, each thing added before it grows and done in the end", async () => {
    const { openai } = await desk();
    const body = { model, input: "!think:so_it_is alpha", max_output_tokens: 8 };
    const whole = await openai.responses.create(body);
    const events = await eventsOf(await openai.responses.create({ ...body, stream: true }));
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
    const types = events.map(({ type }) => type.replace("response.", ""));
    expect(types.filter((type, index) => type !== types[index - 1])).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "content_part.added",
      "reasoning_text.delta",
      "reasoning_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "incomplete",
    ]);
    const last = events.at(-1);
    if (last?.type !== "response.incomplete") throw new Error("no end");
    expect(last.response.incomplete_details).toEqual({ reason: "max_output_tokens" });
    expect(lasting({ ...last.response, output_text: whole.output_text })).toEqual(lasting(whole));
    expect(whole.output.map(({ type }) => type)).toEqual(["reasoning", "message"]);
    expect(whole.usage?.output_tokens_details.reasoning_tokens).toBe(3);

    const helper = await openai.responses.stream({ model, input: "!think:so_it_is alpha" }).finalResponse();
    expect(helper.status).toBe("completed");
    expect(helper.output).toMatchObject([
      { type: "reasoning", content: [{ type: "reasoning_text", text: "so it is" }] },
      { type: "message", content: [{ type: "output_text", text: expect.stringContaining("alpha") }] },
    ]);
  });

  it("calls functions, and goes on from their results", async () => {
    const { openai } = await desk();
    const input: ResponseInput = [
      { role: "user", content: '!think:hm !tool:look{"at":"door"} !tool:look{"at":"sky"}' },
    ];
    const request = { model, input, tools: [look, { type: "web_search" as const }] };
    const stream = openai.responses.stream(request);
    const seen: string[] = [];
    stream.on("response.function_call_arguments.delta", ({ snapshot }) => seen.push(snapshot));
    const asked = await stream.finalResponse();
    expect(seen).toContain('{"at":"door"}');
    const calls = asked.output.filter((item) => item.type === "function_call");
    expect(calls.map(({ name, arguments: given }) => [name, given])).toEqual([
      ["look", '{"at":"door"}'],
      ["look", '{"at":"sky"}'],
    ]);
    expect(new Set(calls.map(({ call_id }) => call_id)).size).toBe(2);
    expect(asked.tools.map(({ type }) => type)).toEqual(["function"]);

    const results = calls.map(({ call_id }) => ({
      type: "function_call_output" as const,
      call_id,
      output: "a cat",
    }));
    const said = await openai.responses.create({
      ...request,
      input: [...input, ...(asked.output as ResponseInput), ...results],
      max_output_tokens: 2,
    });
    expect(said.output_text).toBe("a cat");
    const single = await openai.responses.create({ ...request, parallel_tool_calls: false });
    expect(single.output.filter(({ type }) => type === "function_call")).toHaveLength(1);
    const forced = await openai.responses.create({
      model,
      input: "hello",
      tools: [look],
      tool_choice: "required",
    });
    expect(forced.output.map(({ type }) => type)).toEqual(["function_call"]);
  });

  it("holds an answer to a schema, gives probabilities, and lets flexible work wait", async () => {
    const { cluster, openai } = await desk();
    const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
    const shaped = await openai.responses.parse({
      model,
      input: "hello",
      text: { format: { type: "json_schema", name: "count", schema, strict: true } },
    });
    expect(JSON.parse(shaped.output_text)).toEqual({ n: expect.any(Number) });
    const sure = await openai.responses.create({
      model,
      input: "hello",
      include: ["message.output_text.logprobs"],
      // A field of the API that the package's types lack.
      ...{ top_logprobs: 2 },
      service_tier: "flex",
    });
    const [message] = sure.output;
    if (message?.type !== "message" || message.content[0]?.type !== "output_text") throw new Error("no text");
    expect(message.content[0].logprobs?.[0]).toMatchObject({
      token: "hello",
      bytes: [104, 101, 108, 108, 111],
    });
    expect(message.content[0].logprobs?.[0]?.top_logprobs).toHaveLength(2);
    expect(sure.service_tier).toBe("flex");
    expect(await (await fetch(`${cluster.url}/metrics`)).text()).toMatch(
      /muster_queue_wait_seconds_count\{[^}]*batch[^}]*\} 1/,
    );
  });

  it("frees the slot when the client breaks out of a stream", async () => {
    const { cluster, openai } = await desk({ stubTokensPerSecond: 20 });
    const stream = await openai.responses.create({
      model,
      input: "long story",
      max_output_tokens: 1_000,
      stream: true,
    });
    for await (const event of stream) if (event.type === "response.output_text.delta") break;
    await eventually(() => cluster.orchestrator.load().runningAttempts === 0, 1_000);
  });
});

describe("POST /v1/responses that cannot be answered", () => {
  it("is an HTTP error as long as nothing has been said", async () => {
    const { cluster, openai } = await desk({ contextTokens: 128 });
    const refusal = async (fields: object) =>
      openai.responses
        .create({ model, input: "hi", ...fields } as Parameters<typeof openai.responses.create>[0])
        .then(
          () => undefined,
          (error: unknown) => error as APIError,
        );
    expect(await refusal({ model: "gpt-5" })).toBeInstanceOf(NotFoundError);
    for (const stream of [false, true]) {
      expect(await refusal({ input: "!refuse", stream })).toBeInstanceOf(BadRequestError);
      expect(await refusal({ input: "word ".repeat(500), stream })).toMatchObject({
        status: 400,
        code: "context_length_exceeded",
      });
    }
    expect(await refusal({ previous_response_id: "resp_1" })).toMatchObject({
      status: 400,
      param: "previous_response_id",
      message: expect.stringContaining("keeps no responses"),
    });
    expect(await refusal({ background: true })).toMatchObject({ status: 400, param: "background" });
    const deep = `{"model":"${model}","input":"x","text":${'{"a":'.repeat(60_000)}1${"}".repeat(60_000)}}`;
    expect((await cluster.post("/v1/responses", deep)).status).toBe(400);
    expect((await openai.responses.create({ model, input: "still here" })).status).toBe("completed");
  });

  it("says which field asks for what the model cannot do", async () => {
    const { openai } = await desk({ models: [{ uri: "stub:plain", name: model }] });
    const asked: readonly [string, object][] = [
      ["tools", { tools: [look] }],
      ["text.format", { text: { format: { type: "json_object" } } }],
      ["include", { include: ["message.output_text.logprobs"] }],
    ];
    for (const [param, fields] of asked) {
      const failure = openai.responses.create({ model, input: "hi", ...fields });
      await expect(failure).rejects.toMatchObject({ status: 400, code: "unsupported_parameter", param });
    }
  });

  it("fails in the stream where it had begun, in words that clients act on", async () => {
    const { cluster } = await desk();
    const response = await cluster.post("/v1/responses", { model, input: "please !break", stream: true });
    const blocks = (await response.text()).split("\n\n").filter((block) => block.startsWith("event: "));
    const events = blocks.map((block) => {
      const [name = "", data = ""] = block.split("\n");
      const event = JSON.parse(data.slice("data: ".length)) as { type: string; response?: unknown };
      expect(name).toBe(`event: ${event.type}`);
      return event;
    });
    expect(events[0]?.type).toBe("response.created");
    expect(events.at(-1)).toMatchObject({
      type: "response.failed",
      response: { status: "failed", error: { code: "server_error", message: expect.any(String) } },
    });
  });

  it("carries no marker of another API, and names its worker", async () => {
    const { cluster } = await desk();
    const response = await cluster.post("/v1/responses", { model, input: "hi", stream: true });
    expect(response.headers.get("x-request-id")).toMatch(/^req-/);
    expect(response.headers.get("x-muster-worker")).toBe("desk");
    expect(await response.text()).not.toContain("[DONE]");
  });
});
