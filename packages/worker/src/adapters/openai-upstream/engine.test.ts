import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { type InferenceEvent, type InferenceRequest, type Log, ManualClock, silentLog } from "@muster/base";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseCapabilityChange } from "../../core/capability-change.ts";
import { chatRequest, failureCode, readAnswer } from "../../ports/engine.contract.ts";
import type { EngineReplica } from "../../ports/engine.ts";
import { createOpenaiUpstreamEngine, firstUpstreamModel, type OpenaiUpstreamOptions } from "./engine.ts";
import {
  event,
  json,
  models,
  type Route,
  type ScriptedServer,
  startScriptedServer,
  stream,
  textEvent,
} from "./scripted-server.fake.ts";

const neverAborts = new AbortController().signal;
const vllm = models({ id: "m", owned_by: "vllm", max_model_len: 4096 });

function load(
  address: string,
  options: Partial<OpenaiUpstreamOptions> = {},
  signal = neverAborts,
): Promise<EngineReplica> {
  const spec = { slots: 2, contextTokens: undefined, threads: undefined, gpu: "auto" } as const;
  return createOpenaiUpstreamEngine({ log: silentLog, ...options })
    .load({ modelPath: `openai:${address}`, ...spec }, { signal, onProgress: () => {} })
    .then((replica) => {
      onTestFinished(() => replica.close());
      return replica;
    });
}

async function serve(
  routes: Readonly<Record<string, Route>>,
  options: Partial<OpenaiUpstreamOptions> = {},
): Promise<{ readonly server: ScriptedServer; readonly replica: EngineReplica }> {
  const server = await startScriptedServer({ "/v1/models": vllm, ...routes });
  return { server, replica: await load(server.baseUrl, options) };
}

async function eventsOf(replica: EngineReplica, request: InferenceRequest): Promise<InferenceEvent[]> {
  const events: InferenceEvent[] = [];
  for await (const each of replica.infer(request, neverAborts)) events.push(each);
  return events;
}

/**
 * Moves a clock on until a promise has settled: what it waits for begins at a moment that only sockets know. A step for
 * each turn of the event loop, small enough that an answer of this machine never seems slow.
 */
async function whileAdvancing<T>(clock: ManualClock, task: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  task.then(settle, settle);
  while (!isSettled) {
    clock.advance(20);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return await task;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("loading an upstream", () => {
  it("takes the model that was named, or else the first", async () => {
    const server = await startScriptedServer({ "/v1/models": models({ id: "a" }, { id: "b:latest" }) });
    server.on("/v1/chat/completions", stream([textEvent("x", "stop")]));
    for (const address of [`${server.baseUrl}#b`, server.baseUrl, `${server.baseUrl}/`]) {
      await readAnswer(await load(address), chatRequest("hi"));
    }
    const asked = server.seen.filter(({ path }) => path === "/v1/chat/completions");
    expect(asked.map(({ body }) => body["model"])).toEqual(["b:latest", "a", "a"]);
    const options = { key: undefined, signal: neverAborts };
    expect(await firstUpstreamModel(`openai:${server.baseUrl}`, options)).toBe("a");
  });

  it("says which models there are where the named one is missing", async () => {
    const server = await startScriptedServer({ "/v1/models": models({ id: "a" }, { id: "b" }) });
    await expect(load(`${server.baseUrl}#c`)).rejects.toMatchObject({
      code: "model_load_failed",
      message: `${server.baseUrl} has no model "c". It has "a", "b".`,
    });
  });

  it.each<[string, Route, RegExp]>([
    ["no models", models(), /lists no models/],
    ["a web page", (response) => response.end("<html>"), /lists no models.*\/v1/],
    ["404", json({}, 404), /HTTP 404.*\/v1/],
    ["401", json({}, 401), /wants a key.*MUSTER_UPSTREAM_KEY/],
  ])("says what to do about %s", async (_name, route, message) => {
    const server = await startScriptedServer({ "/v1/models": route });
    await expect(load(server.baseUrl)).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringMatching(message),
    });
  });

  it("says that nobody listens", async () => {
    await expect(load(`http://127.0.0.1:${await closedPort()}/v1`)).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringMatching(/does not answer .*ECONNREFUSED.*Start it/),
    });
  });

  it("gives up an upstream that says nothing, and one that is not wanted any more", async () => {
    const server = await startScriptedServer({ "/v1/models": () => {} });
    const clock = new ManualClock();
    const silent = load(server.baseUrl, { clock });
    await expect(whileAdvancing(clock, silent)).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("nothing for 10 seconds"),
    });
    const abort = new AbortController();
    const asked = server.next("/v1/models");
    const cancelled = failureCode(load(server.baseUrl, {}, abort.signal));
    await asked;
    abort.abort();
    expect(await cancelled).toBe("cancelled");
  });

  it("sends its key and tells nobody", async () => {
    const said: unknown[] = [];
    const note = (...args: unknown[]) => void said.push(args);
    const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
    const { server, replica } = await serve(
      { "/v1/chat/completions": json({ error: { message: "Bad key" } }, 401) },
      { key: "sk-secret", log },
    );
    await expect(readAnswer(replica, chatRequest("hi"))).rejects.toMatchObject({
      code: "engine_failed",
      message: expect.stringMatching(/another key.*Bad key.*MUSTER_UPSTREAM_KEY/),
    });
    expect(server.seen.every(({ key }) => key === "Bearer sk-secret")).toBe(true);
    expect(said.length).toBeGreaterThan(0);
    expect(JSON.stringify(said)).not.toContain("secret");
  });

  it("knows vLLM", async () => {
    const { replica } = await serve({});
    expect(replica.info).toMatchObject({ backend: "vllm", contextTokens: 4096, slots: 2 });
    expect(replica.info.capabilities).toEqual(expect.arrayContaining(["tokenize", "logprobs", "tools"]));
  });

  it("knows llama-server, what it sees and what its template can", async () => {
    const server = await startScriptedServer({
      "/v1/models": models({ id: "m", owned_by: "llamacpp", meta: { n_ctx: 512 } }),
      "/props": json({
        default_generation_settings: { n_ctx: 2048 },
        modalities: { vision: true, audio: false },
        chat_template: "{% if enable_thinking %}…",
      }),
    });
    const { info } = await load(server.baseUrl);
    expect(info).toMatchObject({ backend: "llama-server", contextTokens: 2048 });
    expect(info.capabilities).toEqual(expect.arrayContaining(["vision", "thinking"]));
    expect(info.capabilities).not.toContain("audio");
  });

  it.each([
    ["the model's num_ctx", { parameters: "stop x\nnum_ctx   16384" }, 16_384],
    ["the running instance", {}, 32_000],
  ])("knows Ollama, with the context of %s", async (_name, shown, contextTokens) => {
    const server = await startScriptedServer({
      "/v1/models": models({ id: "gemma3:4b", owned_by: "library" }),
      "/api/show": json({ capabilities: ["completion", "vision", "thinking"], ...shown }),
      "/api/ps": json({ models: [{ name: "gemma3:4b", context_length: 32_000 }] }),
    });
    const { info } = await load(server.baseUrl);
    expect(info).toMatchObject({ backend: "ollama", contextTokens });
    expect(info.capabilities).toEqual(["chat", "completion", "structured_output", "thinking", "vision"]);
  });

  it("knows Muster, by what it says of its models", async () => {
    const muster = { id: "m", owned_by: "muster", context_tokens: 1024 };
    const server = await startScriptedServer({
      "/v1/models": models({ ...muster, capabilities: ["chat", "vision", "telepathy"] }),
    });
    const { info } = await load(server.baseUrl);
    expect(info).toMatchObject({ backend: "muster", contextTokens: 1024, capabilities: ["chat", "vision"] });
  });

  it.each<[string, Readonly<Record<string, Route>>]>([
    ["Muster", { "/v1/models": models({ id: "m", owned_by: "muster", capabilities: [] }) }],
    ["llama-server", { "/v1/models": models({ id: "m", owned_by: "llamacpp" }), "/props": json({}, 503) }],
  ])("waits for %s to have loaded the model", async (_name, routes) => {
    const server = await startScriptedServer(routes);
    await expect(load(server.baseUrl)).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("still loading"),
    });
  });

  it("takes its owner's word for what the model can", async () => {
    const capabilities = parseCapabilityChange("+vision,-tools");
    const { replica } = await serve({}, { capabilities });
    expect(replica.info.capabilities).toContain("vision");
    expect(replica.info.capabilities).not.toContain("tools");
  });
});

describe("an upstream's answers", () => {
  const done = "data: [DONE]\n\n";

  it("come in whatever pieces the network makes", async () => {
    const whole = Buffer.from(`${textEvent("hé")}: ping\n\n${textEvent("llo", "stop")}${done}`);
    const route: Route = (response) => {
      response.writeHead(200);
      for (const byte of whole) response.write(Buffer.of(byte));
      response.end();
    };
    const { replica } = await serve({ "/v1/chat/completions": route });
    const { text, end } = await readAnswer(replica, chatRequest("hi"));
    expect(text).toBe("héllo");
    expect(end.reason).toBe("stop");
  });

  it("may lack the last marker, but not the reason why they ended", async () => {
    const { server, replica } = await serve({ "/v1/chat/completions": stream([textEvent("a", "length")]) });
    expect((await readAnswer(replica, chatRequest("hi"))).end.reason).toBe("length");
    server.on("/v1/chat/completions", stream([textEvent("a"), done]));
    await expect(readAnswer(replica, chatRequest("hi"))).rejects.toMatchObject({
      code: "engine_crashed",
      message: expect.stringContaining("broke off"),
    });
  });

  it.each<[number, unknown, string, RegExp]>([
    [400, { error: { message: "no such thing", param: "tools" } }, "invalid_request", /^no such thing$/],
    [422, { detail: "bad field" }, "invalid_request", /^bad field$/],
    [
      400,
      { error: { message: "request (9 tokens) exceeds the limit", type: "exceed_context_size_error" } },
      "context_length_exceeded",
      /^request \(9 tokens\)/,
    ],
    [
      400,
      { object: "error", message: "This model's maximum context length is 4096 tokens.", code: 400 },
      "context_length_exceeded",
      /4096/,
    ],
    [413, {}, "request_too_large", /HTTP 413/],
    [501, { error: { message: "no embeddings here" } }, "unsupported", /^no embeddings here$/],
    [404, { error: "model 'm' not found" }, "engine_failed", /HTTP 404.*model 'm' not found/],
    [403, {}, "engine_failed", /another key.*MUSTER_UPSTREAM_KEY/],
    [429, { error: { message: "slow down" } }, "engine_failed", /too busy.*slow down/],
    [503, {}, "engine_failed", /too busy/],
    [500, { error: { message: "boom" } }, "engine_failed", /HTTP 500.*boom/],
    [302, {}, "engine_failed", /HTTP 302/],
  ])("HTTP %i with %j is %s", async (status, body, code, message) => {
    const { replica } = await serve({ "/v1/chat/completions": json(body, status) });
    await expect(readAnswer(replica, chatRequest("hi"))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("fail with the error that comes in their midst", async () => {
    const error = event({ error: { message: "out of memory", code: 500 } });
    const { replica } = await serve({ "/v1/chat/completions": stream([textEvent("a"), error]) });
    await expect(readAnswer(replica, chatRequest("hi"))).rejects.toMatchObject({
      code: "engine_failed",
      message: expect.stringContaining("out of memory"),
    });
  });

  it("fail for what is no JSON", async () => {
    const { replica } = await serve({ "/v1/chat/completions": stream(["data: {oops\n\n"]) });
    expect(await failureCode(readAnswer(replica, chatRequest("hi")))).toBe("engine_failed");
  });

  it("crash with the connection, and the upstream stays", async () => {
    const cut = stream([textEvent("a")], (response) => response.destroy());
    const { server, replica } = await serve({ "/v1/chat/completions": cut });
    expect(await failureCode(readAnswer(replica, chatRequest("hi")))).toBe("engine_crashed");
    server.on("/v1/chat/completions", stream([textEvent("b", "stop")]));
    expect((await readAnswer(replica, chatRequest("hi"))).text).toBe("b");
  });

  it.each<[string, Route, number]>([
    ["before the first byte", () => {}, 0],
    ["in their midst", stream([textEvent("a")], () => {}), 1],
  ])("are given up when nothing comes %s", async (_name, route, pieces) => {
    const clock = new ManualClock();
    const { replica } = await serve({ "/v1/chat/completions": route }, { clock, silenceMs: 60_000 });
    const reader = replica.infer(chatRequest("hi"), neverAborts)[Symbol.asyncIterator]();
    for (let i = 0; i < pieces; i++) await reader.next();
    const failing = reader.next();
    // The checks of the upstream's health go on meanwhile: it is well, and only this answer is stuck.
    await expect(whileAdvancing(clock, failing)).rejects.toMatchObject({
      code: "engine_failed",
      message: expect.stringContaining("nothing for 60 seconds"),
    });
  });

  it("close their connection when they are cancelled or left", async () => {
    const endless = stream([textEvent("a")], () => {});
    const { server, replica } = await serve({ "/v1/chat/completions": endless });
    const abort = new AbortController();
    const first = server.next("/v1/chat/completions");
    const reader = replica.infer(chatRequest("hi"), abort.signal)[Symbol.asyncIterator]();
    await reader.next();
    const waiting = failureCode(reader.next());
    abort.abort();
    expect(await waiting).toBe("cancelled");
    await (await first).closed;
    const second = server.next("/v1/chat/completions");
    for await (const _event of replica.infer(chatRequest("hi"), neverAborts)) break;
    await (await second).closed;
  });

  it("are refused beyond the slots, and where the model cannot give them", async () => {
    const { server, replica } = await serve({ "/v1/chat/completions": stream([textEvent("a")], () => {}) });
    const busy = [0, 1].map(() => replica.infer(chatRequest("hi"), neverAborts)[Symbol.asyncIterator]());
    await Promise.all(busy.map((each) => each.next()));
    await expect(readAnswer(replica, chatRequest("hi"))).rejects.toMatchObject({
      message: "All 2 slots of the replica are busy.",
    });
    await Promise.all(busy.map((each) => each.return?.()));
    const before = server.seen.length;
    await expect(eventsOf(replica, { task: "embed", inputs: ["a"] })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("embedding"),
    });
    expect(server.seen.length).toBe(before);
  });
});

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
    const events = await eventsOf(replica, { task: "tokenize", prompt });
    expect(events[0]).toEqual({ kind: "token-ids", ids: [2, 7], texts: ["<s>", "hi"], tokens: 0 });
    expect(server.seen.at(-1)?.body).toMatchObject({ messages: prompt.messages, return_token_strs: true });
  });
});

describe("the watch over an upstream", () => {
  it("takes it for gone when nobody listens, and at once where an answer meets that", async () => {
    const { server, replica } = await serve({});
    await server.stop();
    await expect(readAnswer(replica, chatRequest("hi"))).rejects.toMatchObject({ code: "engine_crashed" });
    expect(await replica.exited).toMatchObject({ kind: "crashed" });
    expect(await failureCode(readAnswer(replica, chatRequest("hi")))).toBe("engine_crashed");
  });

  it("takes it for gone after three failures in a row, and not before", async () => {
    const clock = new ManualClock();
    const { server, replica } = await serve({}, { clock });
    let hasExited = false;
    void replica.exited.then(() => {
      hasExited = true;
    });
    const check = async (route: Route) => {
      server.on("/v1/models", route);
      await whileAdvancing(clock, server.next("/v1/models"));
    };
    const ill = json({}, 500);
    for (const route of [ill, ill, vllm, ill, ill]) await check(route);
    expect(hasExited).toBe(false);
    await check(ill);
    expect(await whileAdvancing(clock, replica.exited)).toEqual({ kind: "crashed", detail: "HTTP 500" });
  });

  it("ends with the replica", async () => {
    const clock = new ManualClock();
    const { server, replica } = await serve({ "/v1/chat/completions": () => {} }, { clock });
    const asked = server.next("/v1/chat/completions");
    const answer = failureCode(readAnswer(replica, chatRequest("hi")));
    await asked;
    await Promise.all([replica.close(), replica.close()]);
    expect(await answer).toBe("engine_failed");
    expect((await replica.exited).kind).toBe("closed");
    const before = server.seen.length;
    clock.advance(60_000);
    expect(server.seen.length).toBe(before);
  });
});
