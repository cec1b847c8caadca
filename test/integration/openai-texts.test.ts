import { describe, expect, it } from "vitest";
import { eventually, model, readStream, startCluster, type TestCluster } from "../harness/cluster.ts";

async function startServed(): Promise<TestCluster> {
  const cluster = await startCluster();
  await cluster.worker("desk");
  return cluster;
}

async function post<T>(cluster: TestCluster, path: string, body: unknown): Promise<T> {
  const response = await cluster.post(path, body);
  expect({ path, status: response.status }).toEqual({ path, status: 200 });
  return (await response.json()) as T;
}

interface Embeddings {
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

describe("POST /v1/embeddings", () => {
  it("gives a vector for each text, as numbers or as little-endian floats", async () => {
    const cluster = await startServed();
    const numbers = await post<Embeddings>(cluster, "/v1/embeddings", { model, input: ["red cat", "sky"] });
    expect(numbers).toMatchObject({
      object: "list",
      model,
      data: [
        { object: "embedding", index: 0 },
        { object: "embedding", index: 1 },
      ],
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
    const encoded = await post<{ data: { embedding: string }[] }>(cluster, "/v1/embeddings", {
      model,
      input: "red cat",
      encoding_format: "base64",
    });
    const bytes = Buffer.from(encoded.data[0]?.embedding ?? "", "base64");
    const values = Array.from({ length: bytes.length / 4 }, (_none, at) => bytes.readFloatLE(at * 4));
    const expected = numbers.data[0]?.embedding ?? [];
    expect(values).toHaveLength(expected.length);
    for (const [at, value] of values.entries()) expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 6);
  });

  it("cuts vectors to the dimensions asked for, of length 1 again", async () => {
    const cluster = await startServed();
    const input = Array.from({ length: 40 }, (_none, index) => `word${index}`).join(" ");
    const whole =
      (await post<Embeddings>(cluster, "/v1/embeddings", { model, input })).data[0]?.embedding ?? [];
    const cut = await post<Embeddings>(cluster, "/v1/embeddings", { model, input, dimensions: 16 });
    const values = cut.data[0]?.embedding ?? [];
    expect(values).toHaveLength(16);
    expect(Math.hypot(...values)).toBeCloseTo(1);
    const scale = Math.hypot(...whole.slice(0, 16));
    for (const [at, value] of values.entries()) expect(value).toBeCloseTo((whole[at] ?? 0) / scale);
  });

  it("spreads many texts over workers and keeps their order", async () => {
    const cluster = await startServed();
    await cluster.worker("second");
    const input = Array.from({ length: 300 }, (_none, index) => `text ${index % 7}`);
    const response = await cluster.post("/v1/embeddings", { model, input });
    const { data, usage } = (await response.json()) as Embeddings;
    expect(data.map(({ index }) => index)).toEqual(input.map((_text, index) => index));
    for (const { index, embedding } of data) expect(embedding).toEqual(data[index % 7]?.embedding);
    expect(data[0]?.embedding).not.toEqual(data[1]?.embedding);
    expect(usage.prompt_tokens).toBe(600);
    expect(response.headers.get("x-muster-worker")?.split(", ").sort()).toEqual(["desk", "second"]);
    await eventually(() => cluster.orchestrator.load().runningAttempts === 0);
  });
});

describe("POST /rerank", () => {
  it("sorts documents by their scores, in the shape of Jina and Cohere", async () => {
    const cluster = await startServed();
    const body = { model, query: "red cat", documents: ["a dog", { text: "the red cat" }, "one cat"] };
    for (const path of ["/rerank", "/v1/rerank", "/v2/rerank"]) {
      const answer = await post<Record<string, unknown>>(cluster, path, body);
      expect(answer).toMatchObject({ model, usage: { total_tokens: expect.any(Number) } });
      expect(answer["results"]).toEqual([
        { index: 1, relevance_score: 1 },
        { index: 2, relevance_score: 0.5 },
        { index: 0, relevance_score: 0 },
      ]);
    }
    const best = await post<Record<string, unknown>>(cluster, "/rerank", {
      ...body,
      top_n: 1,
      return_documents: true,
    });
    expect(best["results"]).toEqual([{ index: 1, relevance_score: 1, document: { text: "the red cat" } }]);
  });
});

interface Tokenized {
  readonly count: number;
  readonly tokens: readonly number[];
  readonly token_strs?: readonly string[];
}

describe("POST /tokenize", () => {
  it("gives ids of texts and of messages; the model may be left out where there is one", async () => {
    const cluster = await startServed();
    const text = await post<Tokenized>(cluster, "/tokenize", { content: "one two one" });
    expect(text.count).toBe(3);
    expect(text.tokens[0]).toBe(text.tokens[2]);
    expect(text.tokens[0]).not.toBe(text.tokens[1]);
    expect(text.token_strs).toBeUndefined();
    const messages = [{ role: "user", content: "one two" }];
    const chat = await post<Tokenized>(cluster, "/v1/tokenize", { model, messages, return_token_strs: true });
    expect(chat.token_strs).toEqual(["<user>", "one", "two"]);
    const tools = [{ type: "function", function: { name: "look" } }];
    const tooled = await post<Tokenized>(cluster, "/tokenize", { messages, tools, return_token_strs: true });
    expect(tooled.token_strs).toEqual(["<tool:look>", "<user>", "one", "two"]);
    const call = { id: "c", type: "function", function: { name: "look", arguments: "" } };
    call.function.arguments = JSON.stringify({ at: "x".repeat(1_100_000) });
    const long = [...messages, { role: "assistant", content: null, tool_calls: [call] }];
    expect((await cluster.post("/tokenize", { messages: long })).status).toBe(413);
    await cluster.worker("second", { models: [{ uri: "stub:other", name: "other" }] });
    const unclear = await cluster.post("/tokenize", { prompt: "x" });
    expect(unclear.status).toBe(400);
    expect(((await unclear.json()) as { error: { message: string } }).error.message).toContain(
      "other, stub-model",
    );
  });
});

describe("what comes back in one burst", () => {
  it("is not taken for an answer that nobody reads", async () => {
    const cluster = await startServed();
    const long = await post<Tokenized>(cluster, "/tokenize", { content: "a ".repeat(200_000) });
    expect(long.count).toBe(200_000);
    expect((await cluster.post("/tokenize", { content: "a ".repeat(600_000) })).status).toBe(413);
    const input = Array.from({ length: 2_048 }, (_none, index) => `text ${index}`);
    const { data } = await post<Embeddings>(cluster, "/v1/embeddings", { model, input });
    expect(data).toHaveLength(2_048);
  });
});

interface TextCompletion {
  readonly choices: readonly {
    readonly text: string;
    readonly logprobs: { readonly tokens: string[]; readonly text_offset: number[] } | null;
  }[];
}

describe("POST /v1/completions", () => {
  it("gives probabilities in the shape of lists side by side, whole and streamed alike", async () => {
    const cluster = await startServed();
    const body = { model, prompt: "aa b", max_tokens: 10, logprobs: 2 };
    const [choice] = (await post<TextCompletion>(cluster, "/v1/completions", body)).choices;
    expect(choice?.logprobs?.tokens.slice(0, 3)).toEqual(["aa", " b", " aa"]);
    expect(choice?.logprobs?.text_offset.slice(0, 3)).toEqual([0, 2, 4]);
    expect(choice?.logprobs).toMatchObject({
      token_logprobs: expect.arrayContaining([Math.log(0.5)]),
      top_logprobs: expect.arrayContaining([{ aa: Math.log(0.5), "aa~1": 2 * Math.log(0.5) }]),
    });
    const { events } = await readStream(await cluster.post("/v1/completions", { ...body, stream: true }));
    const streamed = (events as TextCompletion[]).flatMap((chunk) => chunk.choices[0]?.logprobs ?? []);
    expect(streamed.flatMap(({ tokens }) => tokens)).toEqual(choice?.logprobs?.tokens);
    expect(streamed.flatMap((each) => each.text_offset)).toEqual(choice?.logprobs?.text_offset);
  });

  it("echoes each prompt before its choices", async () => {
    const cluster = await startServed();
    const body = { model, prompt: ["one", "two"], n: 2, echo: true, max_tokens: 1 };
    const answer = await post<TextCompletion>(cluster, "/v1/completions", body);
    expect(answer.choices.map(({ text }) => text)).toEqual(["oneone", "oneone", "twotwo", "twotwo"]);
    const { events } = await readStream(
      await cluster.post("/v1/completions", { ...body, prompt: "one", n: 1, stream: true }),
    );
    expect((events as TextCompletion[]).map((chunk) => chunk.choices[0]?.text).join("")).toBe("oneone");
  });
});

describe("what a model can do", () => {
  it("is listed with the models and with the replicas of each worker", async () => {
    const cluster = await startCluster();
    await cluster.worker("plain", { models: [{ uri: "stub:plain", name: model }] });
    const list = async () => {
      const response = await fetch(`${cluster.url}/v1/models`);
      return ((await response.json()) as { data: { capabilities: string[] }[] }).data;
    };
    expect((await list())[0]?.capabilities).toEqual(["chat", "completion"]);
    const [worker] = await cluster.workers();
    expect(worker?.replicas[0]).toMatchObject({ capabilities: ["chat", "completion"] });
    await cluster.worker("able");
    expect((await list())[0]?.capabilities).toContain("vision");
  });
});
