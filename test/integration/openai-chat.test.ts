import { describe, expect, it } from "vitest";
import { chat, model, readStream, startCluster, type TestCluster } from "../harness/cluster.ts";

const path = "/v1/chat/completions";

interface Choice {
  readonly index: number;
  readonly message: Record<string, unknown>;
  readonly delta: Record<string, unknown>;
  readonly logprobs: { readonly content: readonly Record<string, unknown>[] } | null;
  readonly finish_reason: string | null;
}

interface ChatBody {
  readonly choices: readonly Choice[];
  readonly usage: {
    readonly completion_tokens: number;
    readonly completion_tokens_details: { readonly reasoning_tokens: number };
    readonly prompt_tokens_details: { readonly cached_tokens: number };
  };
}

interface ErrorJson {
  readonly error: { readonly message: string; readonly code: string; readonly param: string | null };
}

async function startServed(): Promise<TestCluster> {
  const cluster = await startCluster();
  await cluster.worker("desk");
  return cluster;
}

async function ask(cluster: TestCluster, body: unknown): Promise<ChatBody> {
  const response = await cluster.post(path, body);
  expect(response.status).toBe(200);
  return (await response.json()) as ChatBody;
}

async function refusal(cluster: TestCluster, body: unknown, at = path): Promise<ErrorJson["error"]> {
  const response = await cluster.post(at, body);
  expect(response.status).toBe(400);
  return ((await response.json()) as ErrorJson).error;
}

async function chunksOf(cluster: TestCluster, body: Record<string, unknown>): Promise<readonly Choice[]> {
  const { events, error } = await readStream(await cluster.post(path, { ...body, stream: true }));
  expect(error).toBeUndefined();
  return (events as ChatBody[]).flatMap(({ choices }) => choices);
}

const tools = ["weather", "time"].map((name) => ({
  type: "function",
  function: {
    name,
    description: "Looks it up.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
}));

describe("tools", () => {
  it("are called in OpenAI's shape, whole and streamed alike", async () => {
    const cluster = await startServed();
    const body = chat('look !tool:weather{"city":"Oslo"} !tool:time{"city":"Rome"}', { tools, seed: 9 });
    const answer = await ask(cluster, body);
    const [choice] = answer.choices;
    expect(choice).toMatchObject({ finish_reason: "tool_calls", logprobs: null });
    expect(choice?.message).toEqual({
      role: "assistant",
      content: null,
      refusal: null,
      tool_calls: [
        { id: "call_9_0", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
        { id: "call_9_1", type: "function", function: { name: "time", arguments: '{"city":"Rome"}' } },
      ],
    });

    const chunks = await chunksOf(cluster, body);
    expect(chunks[0]?.delta).toEqual({ role: "assistant", content: null });
    const deltas = chunks.flatMap(({ delta }) => (delta["tool_calls"] ?? []) as Record<string, unknown>[]);
    const firsts = deltas.filter((delta) => delta["id"] !== undefined);
    expect(firsts).toEqual([
      { index: 0, id: "call_9_0", type: "function", function: { name: "weather", arguments: "" } },
      { index: 1, id: "call_9_1", type: "function", function: { name: "time", arguments: "" } },
    ]);
    const rest = deltas.filter((delta) => delta["id"] === undefined);
    expect(rest.length).toBeGreaterThan(1);
    const argumentsOf = (index: number) =>
      rest
        .filter((delta) => delta["index"] === index)
        .map((delta) => {
          expect(Object.keys(delta).sort()).toEqual(["function", "index"]);
          return (delta["function"] as { arguments: string }).arguments;
        })
        .join("");
    expect([argumentsOf(0), argumentsOf(1)]).toEqual(['{"city":"Oslo"}', '{"city":"Rome"}']);
    expect(chunks.at(-1)).toMatchObject({ delta: {}, finish_reason: "tool_calls" });
  });

  it("are called as tool_choice and parallel_tool_calls say", async () => {
    const cluster = await startServed();
    const called = async (content: string, more: Record<string, unknown>) => {
      const [choice] = (await ask(cluster, chat(content, { tools, max_tokens: 100, ...more }))).choices;
      const calls = (choice?.message["tool_calls"] ?? []) as { function: { name: string } }[];
      return calls.map((call) => call.function.name);
    };
    const both = '!tool:weather{"city":"a"} !tool:time{"city":"b"}';
    expect(await called(both, { tool_choice: "none" })).toEqual([]);
    expect(await called("hello", { tool_choice: "auto" })).toEqual([]);
    expect(await called("hello", { tool_choice: "required" })).toEqual(["weather"]);
    const named = { type: "function", function: { name: "time" } };
    expect(await called(both, { tool_choice: named })).toEqual(["time"]);
    expect(await called(both, { parallel_tool_calls: false })).toEqual(["weather"]);
  });

  it("get their results back to the model", async () => {
    const cluster = await startServed();
    const answer = await ask(cluster, {
      model,
      tools,
      messages: [
        { role: "user", content: "look" },
        {
          role: "assistant",
          content: null,
          reasoning_content: "hmm",
          tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: "" } }],
        },
        { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "sunny" }] },
      ],
      max_tokens: 2,
    });
    expect(answer.choices[0]?.message["content"]).toBe("sunny sunny");
    const orphan = await refusal(cluster, {
      model,
      messages: [
        { role: "user", content: "look" },
        { role: "tool", tool_call_id: "call_7", content: "x" },
      ],
    });
    expect(orphan).toMatchObject({ param: "messages[1].tool_call_id" });
    expect(orphan.message).toContain("call_7");
  });
});

describe("thoughts", () => {
  it("come apart from the answer, with their tokens counted", async () => {
    const cluster = await startServed();
    const body = chat("!think:well_well", { max_tokens: 6 });
    const answer = await ask(cluster, body);
    expect(answer.choices[0]?.message).toMatchObject({
      reasoning_content: "well well",
      content: expect.stringMatching(/^!think/),
    });
    expect(answer.usage).toMatchObject({
      completion_tokens: 6,
      completion_tokens_details: { reasoning_tokens: 2 },
      prompt_tokens_details: { cached_tokens: 0 },
    });
    const deltas = (await chunksOf(cluster, body)).map(({ delta }) => delta);
    const pieces = deltas.map((delta) => delta["reasoning_content"] ?? "").join("");
    expect(pieces).toBe("well well");
  });

  it("are switched by every name that clients use", async () => {
    const cluster = await startServed();
    const thought = async (more: Record<string, unknown>) => {
      const [choice] = (await ask(cluster, chat("!think:a_b_c", { max_tokens: 9, ...more }))).choices;
      return choice?.message["reasoning_content"];
    };
    expect(await thought({ reasoning_effort: "none" })).toBeUndefined();
    expect(await thought({ chat_template_kwargs: { enable_thinking: false } })).toBeUndefined();
    expect(await thought({ reasoning: { effort: "none" } })).toBeUndefined();
    expect(await thought({ reasoning: { max_tokens: 2 } })).toBe("a b");
    expect(await thought({ reasoning_effort: "high" })).toBe("a b c");
  });
});

describe("response_format", () => {
  it("gives JSON, by a schema or not", async () => {
    const cluster = await startServed();
    const content = async (response_format: unknown) =>
      (await ask(cluster, chat("hi", { response_format }))).choices[0]?.message["content"];
    const schema = {
      type: "object",
      properties: { ok: { type: "boolean" }, n: { type: "integer", minimum: 4 } },
      required: ["ok", "n"],
      additionalProperties: false,
    };
    const named = { type: "json_schema", json_schema: { name: "x", strict: true, schema } };
    expect(JSON.parse(String(await content(named)))).toEqual({ ok: false, n: 4 });
    expect(JSON.parse(String(await content({ type: "json_object" })))).toEqual({ echo: "hi" });
    expect(await content({ type: "text" })).toMatch(/^hi/);
  });
});

describe("logprobs", () => {
  it("come for each token with bytes and alternatives, whole and streamed alike", async () => {
    const cluster = await startServed();
    const body = chat("é x", { logprobs: true, top_logprobs: 2, max_tokens: 3 });
    const [choice] = (await ask(cluster, body)).choices;
    expect(choice?.logprobs).toMatchObject({ refusal: null });
    expect(choice?.logprobs?.content).toHaveLength(3);
    expect(choice?.logprobs?.content[0]).toEqual({
      token: "é",
      logprob: Math.log(0.5),
      bytes: [0xc3, 0xa9],
      top_logprobs: [
        { token: "é", logprob: Math.log(0.5), bytes: [0xc3, 0xa9] },
        { token: "é~1", logprob: 2 * Math.log(0.5), bytes: [0xc3, 0xa9, 0x7e, 0x31] },
      ],
    });
    const streamed = (await chunksOf(cluster, body)).flatMap(({ logprobs }) => logprobs?.content ?? []);
    expect(streamed).toEqual(choice?.logprobs?.content);
    const [plain] = (await ask(cluster, chat("x", { logprobs: true, max_tokens: 1 }))).choices;
    expect(plain?.logprobs?.content[0]).toMatchObject({ top_logprobs: [] });
  });
});

describe("stop", () => {
  it("ends an answer, which says in vLLM's field which text it was", async () => {
    const cluster = await startServed();
    const body = chat("one two three", { stop: ["never", "three"] });
    const [choice] = (await ask(cluster, body)).choices;
    const ending = { finish_reason: "stop", stop_reason: "three" };
    expect(choice).toMatchObject({ message: { content: "one two " }, ...ending });
    expect((await chunksOf(cluster, body)).at(-1)).toMatchObject({ delta: {}, ...ending });
    const [whole] = (await ask(cluster, chat("one two three", { max_tokens: 2, stop: "three" }))).choices;
    expect(whole).not.toHaveProperty("stop_reason");
  });
});

describe("logit_bias", () => {
  it("takes the ids that /tokenize gives", async () => {
    const cluster = await startServed();
    const tokenized = await cluster.post("/tokenize", { content: "two" });
    const { tokens } = (await tokenized.json()) as { tokens: number[] };
    const logit_bias = { [String(tokens[0])]: -100 };
    const [choice] = (await ask(cluster, chat("one two", { logit_bias, max_tokens: 2 }))).choices;
    expect(choice?.message["content"]).toBe("one one");
  });
});

const png = Buffer.concat([
  Buffer.from("89504e470d0a1a0a", "hex"),
  Buffer.from("not much of a picture"),
]).toString("base64");
const wav = Buffer.from("RIFF\0\0\0\0WAVEfmt ").toString("base64");

function shown(part: unknown) {
  return {
    model,
    messages: [{ role: "user", content: [{ type: "text", text: "see " }, part] }],
    max_tokens: 2,
  };
}

function image(url: string) {
  return shown({ type: "image_url", image_url: { url } });
}

describe("images and recordings", () => {
  it("travel to the engine with their place in the text", async () => {
    const cluster = await startServed();
    const bytes = Buffer.from(png, "base64").length;
    const seen = await ask(cluster, image(`data:image/png;base64,${png}`));
    expect(seen.choices[0]?.message["content"]).toBe(`see <image/png:${bytes}@4>`);
    const heard = await ask(
      cluster,
      shown({ type: "input_audio", input_audio: { data: wav, format: "wav" } }),
    );
    expect(heard.choices[0]?.message["content"]).toContain("<audio/wav:16@4>");
  });

  it("are refused where they are none, or must be fetched, or are too many", async () => {
    const cluster = await startServed();
    const messageOf = async (body: unknown) => (await refusal(cluster, body)).message;
    expect(await messageOf(image("https://example.com/a.png"))).toContain("data:");
    expect(await messageOf(image("data:image/png;base64,!!!!"))).toContain("base64");
    expect(await messageOf(image(`data:image/jpeg;base64,${png}`))).toContain("image/jpeg");
    expect(await messageOf(image(`data:image/tiff;base64,${png}`))).toContain("image/png");
    const part = { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } };
    const many = { model, messages: [{ role: "user", content: Array.from({ length: 21 }, () => part) }] };
    expect(await messageOf(many)).toContain("at most 20");
    const inSystem = { model, messages: [{ role: "system", content: [part] }] };
    expect(await messageOf(inSystem)).toContain("users only");
  });

  it("as large as is allowed pass through the whole way", async () => {
    const cluster = await startServed();
    const bytes = 10 * 1024 * 1024;
    const large = Buffer.alloc(bytes);
    Buffer.from(png, "base64").copy(large);
    const seen = await ask(cluster, image(`data:image/png;base64,${large.toString("base64")}`));
    expect(seen.choices[0]?.message["content"]).toBe(`see <image/png:${bytes}@4>`);
    const more = Buffer.concat([large, Buffer.alloc(3)]).toString("base64");
    expect((await refusal(cluster, image(`data:image/png;base64,${more}`))).message).toContain("larger than");
  });
});

describe("what a model cannot do", () => {
  it("is refused with what it lacks and what it can do, and routed to a worker that can", async () => {
    const cluster = await startCluster();
    await cluster.worker("plain", { models: [{ uri: "stub:plain", name: model }] });
    const asked: [string, Record<string, unknown>, string][] = [
      ["tools", { tools }, "tools"],
      ["structured_output", { response_format: { type: "json_object" } }, "response_format"],
      ["logprobs", { logprobs: true }, "logprobs"],
      ["logit_bias", { logit_bias: { 1: 1 } }, "logit_bias"],
      ["vision", image(`data:image/png;base64,${png}`), "messages"],
    ];
    for (const [capability, more, param] of asked) {
      for (const stream of [false, true]) {
        const error = await refusal(cluster, chat("x", { ...more, stream }));
        expect(error).toMatchObject({ code: "unsupported_parameter", param });
        expect(error.message).toContain(`cannot do: ${capability}`);
        expect(error.message).toContain("They can do: chat, completion.");
      }
    }
    expect(await refusal(cluster, { model, input: "x" }, "/v1/embeddings")).toMatchObject({ param: "model" });
    await cluster.worker("able");
    const response = await cluster.post(path, chat("x", { tools, tool_choice: "required" }));
    expect(response.headers.get("x-muster-worker")).toBe("able");
  });
});

describe("a stream that fails before its first output", () => {
  it("is a proper HTTP error", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", { contextTokens: 128 });
    const refused = await refusal(cluster, chat("!refuse", { stream: true }));
    expect(refused).toMatchObject({ code: "invalid_request", param: "messages" });
    const long = await refusal(cluster, chat("word ".repeat(500), { stream: true, n: 3 }));
    expect(long.code).toBe("context_length_exceeded");
    const failed = await cluster.post(path, chat("!fail", { stream: true }));
    expect(failed.status).toBe(500);
    expect(failed.headers.get("x-should-retry")).toBe("false");
    expect(failed.headers.get("x-request-id")).toBe(failed.headers.get("request-id"));
    const late = await readStream(await cluster.post(path, chat("a !break", { stream: true })));
    expect(late).toMatchObject({ status: 200, isDone: false, error: { code: "engine_failed" } });
  });

  it("names its worker in a header otherwise", async () => {
    const cluster = await startServed();
    const response = await cluster.post(path, chat("x", { stream: true }));
    expect(response.headers.get("x-muster-worker")).toBe("desk");
    await readStream(response);
  });
});
