import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { chat, model, startCluster } from "../harness/cluster.ts";

interface BadInput {
  readonly what: string;
  readonly body: unknown;
  readonly status: number;
  readonly code: string;
  readonly param?: string;
  readonly path?: string;
  /** Part of the message. */
  readonly says?: string;
}

const ok = chat("hello");

const table: readonly BadInput[] = [
  { what: "broken JSON", body: '{"model": ', status: 400, code: "invalid_json" },
  { what: "an empty body", body: "", status: 400, code: "invalid_json" },
  { what: "JSON that is no object", body: "[1, 2]", status: 400, code: "invalid_request" },
  {
    what: "no model",
    body: { ...ok, model: undefined },
    status: 400,
    code: "invalid_request",
    param: "model",
  },
  {
    what: "an unknown model",
    body: { ...ok, model: "gpt-4" },
    status: 404,
    code: "model_not_found",
    param: "model",
  },
  {
    what: "a deadline of nothing",
    body: { ...ok, deadline_ms: 0 },
    status: 400,
    code: "invalid_request",
    param: "deadline_ms",
  },
  {
    what: "a deadline of more than a day",
    body: { ...ok, deadline_ms: 86_400_001 },
    status: 400,
    code: "invalid_request",
    param: "deadline_ms",
  },
  {
    what: "a family of which nothing is served",
    body: { ...ok, model: "gemma-4" },
    status: 503,
    code: "insufficient_capacity",
    param: "model",
  },
  {
    what: "a sign-in that does not come from the dashboard's page",
    path: "/dashboard/v1/session",
    body: { key: "a-key-that-nobody-has" },
    status: 403,
    code: "forbidden",
    says: "x-muster-dashboard",
  },
  {
    what: "an invitation without a pool",
    path: "/cluster/v1/invites",
    body: {},
    status: 400,
    code: "invalid_request",
    param: "pool",
  },
  {
    what: "an invitation to an address that is none",
    path: "/cluster/v1/invites",
    body: { pool: "desks", address: "http://10.0.0.1" },
    status: 400,
    code: "invalid_request",
    param: "address",
  },
  {
    what: "an invitation that counts for too long",
    path: "/cluster/v1/invites",
    body: { pool: "desks", expires_in: 3_600 },
    status: 400,
    code: "invalid_request",
    param: "expires_in",
  },
  {
    what: "another authority with an overlap that is no number",
    path: "/cluster/v1/trust/rotate",
    body: { overlap: "7d" },
    status: 400,
    code: "invalid_request",
    param: "overlap",
  },
  {
    what: "a model to add that is no address",
    path: "/cluster/v1/models",
    body: { uri: "ftp://x/y.gguf" },
    status: 400,
    code: "invalid_request",
  },
  {
    what: "a model to add that is no file",
    path: "/cluster/v1/models",
    body: { uri: "stub:x" },
    status: 400,
    code: "invalid_request",
    param: "uri",
  },
  {
    what: "a model to add that is not there",
    path: "/cluster/v1/models",
    body: { uri: "/no/such/model.gguf" },
    status: 400,
    code: "invalid_request",
    param: "uri",
  },
  {
    what: "a model to add with a field that there is none of",
    path: "/cluster/v1/models",
    body: { uri: "builtin:tiny-gemma", size: 1 },
    status: 400,
    code: "invalid_request",
  },
  {
    what: "a model to add from a file of another kind",
    path: "/cluster/v1/models",
    body: { uri: "/etc/passwd" },
    status: 400,
    code: "invalid_request",
    param: "uri",
  },
  { what: "no messages", body: { model }, status: 400, code: "invalid_request", param: "messages" },
  {
    what: "an empty list of messages",
    body: { ...ok, messages: [] },
    status: 400,
    code: "invalid_request",
    param: "messages",
  },
  {
    what: "an unknown role",
    body: { ...ok, messages: [{ role: "wizard", content: "x" }] },
    status: 400,
    code: "invalid_request",
    param: "messages[0].role",
  },
  {
    what: "an image that is none",
    body: {
      ...ok,
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:" } }] }],
    },
    status: 400,
    code: "invalid_request",
    param: "messages[0].content[0].image_url.url",
  },
  { what: "n of 9", body: { ...ok, n: 9 }, status: 400, code: "invalid_request", param: "n" },
  { what: "n of a million", body: { ...ok, n: 1e6 }, status: 400, code: "invalid_request", param: "n" },
  {
    what: "a negative max_tokens",
    body: { ...ok, max_tokens: -1 },
    status: 400,
    code: "invalid_request",
    param: "max_tokens",
  },
  {
    what: "a huge max_tokens",
    body: { ...ok, max_tokens: 1e9 },
    status: 400,
    code: "invalid_request",
    param: "max_tokens",
  },
  {
    what: "a text as temperature",
    body: { ...ok, temperature: "hot" },
    status: 400,
    code: "invalid_request",
    param: "temperature",
  },
  { what: "an empty stop text", body: { ...ok, stop: [""] }, status: 400, code: "invalid_request" },
  {
    what: "too many stop texts",
    body: { ...ok, stop: Array(17).fill("x") },
    status: 400,
    code: "invalid_request",
  },
  {
    what: "a tool without a name",
    body: { ...ok, tools: [{ type: "function", function: {} }] },
    status: 400,
    code: "invalid_request",
    param: "tools[0].function.name",
  },
  {
    what: "tools of the form of 2023",
    body: { ...ok, functions: [{ name: "f" }] },
    status: 400,
    code: "unsupported_parameter",
    param: "functions",
  },
  {
    what: "a choice of a tool that is not there",
    body: {
      ...ok,
      tools: [{ type: "function", function: { name: "f" } }],
      tool_choice: { type: "function", function: { name: "g" } },
    },
    status: 400,
    code: "invalid_request",
    param: "tool_choice",
  },
  {
    what: "a tool's result without its call",
    body: { ...ok, messages: [...ok.messages, { role: "tool", tool_call_id: "call_1", content: "x" }] },
    status: 400,
    code: "invalid_request",
    param: "messages[1].tool_call_id",
  },
  {
    what: "top_logprobs alone",
    body: { ...ok, top_logprobs: 2 },
    status: 400,
    code: "invalid_request",
    param: "top_logprobs",
  },
  {
    what: "a bias of a word",
    body: { ...ok, logit_bias: { hello: 1 } },
    status: 400,
    code: "invalid_request",
    param: "logit_bias",
  },
  {
    what: "a JSON schema without a schema",
    body: { ...ok, response_format: { type: "json_schema", json_schema: { name: "x" } } },
    status: 400,
    code: "invalid_request",
    param: "response_format.json_schema.schema",
  },
  {
    what: "an effort that is none",
    body: { ...ok, reasoning_effort: "enormous" },
    status: 400,
    code: "invalid_request",
    param: "reasoning_effort",
  },
  { what: "a path that is not there", path: "/v1/nothing", body: ok, status: 404, code: "not_found" },
  {
    what: "a text prompt that is a number",
    path: "/v1/completions",
    body: { model, prompt: 3 },
    status: 400,
    code: "invalid_request",
    param: "prompt",
  },
  {
    what: "token ids as a text prompt",
    path: "/v1/completions",
    body: { model, prompt: [1, 2, 3] },
    status: 400,
    code: "invalid_request",
    param: "prompt",
  },
  {
    what: "a suffix",
    path: "/v1/completions",
    body: { model, prompt: "a", suffix: "b" },
    status: 400,
    code: "unsupported_parameter",
    param: "suffix",
  },
  {
    what: "the probabilities of an echo",
    path: "/v1/completions",
    body: { model, prompt: "a", echo: true, logprobs: 1 },
    status: 400,
    code: "unsupported_parameter",
    param: "echo",
  },
  {
    what: "nothing to embed",
    path: "/v1/embeddings",
    body: { model, input: [] },
    status: 400,
    code: "invalid_request",
    param: "input",
  },
  {
    what: "token ids to embed",
    path: "/v1/embeddings",
    body: { model, input: [[1, 2]] },
    status: 400,
    code: "invalid_request",
    param: "input[0]",
  },
  {
    what: "one text's token ids to embed",
    path: "/v1/embeddings",
    body: { model, input: [1, 2] },
    status: 400,
    code: "invalid_request",
    param: "input[0]",
    says: "token ids are not taken",
  },
  {
    what: "more mistakes than can be told",
    body: { ...ok, messages: [{ role: "user", content: Array(300_000).fill({}) }] },
    status: 400,
    code: "invalid_request",
    says: "values",
  },
  {
    what: "as many mistakes as a body may hold",
    body: { ...ok, messages: [{ role: "user", content: Array(99_000).fill(1) }] },
    status: 400,
    code: "invalid_request",
    param: "messages[0].content[0]",
  },
  {
    what: "as many wrong biases as a body may hold",
    body: {
      ...ok,
      logit_bias: Object.fromEntries(Array.from({ length: 99_000 }, (_none, id) => [`t${id}`, "x"])),
    },
    status: 400,
    code: "invalid_request",
    param: "logit_bias.t0",
  },
  {
    what: "items with nothing to answer",
    path: "/v1/responses",
    body: { model, input: [{ type: "reasoning", summary: [] }] },
    status: 400,
    code: "invalid_request",
    param: "input",
  },
  {
    what: "more dimensions than there are",
    path: "/v1/embeddings",
    body: { model, input: "x", dimensions: 100_000 },
    status: 400,
    code: "invalid_request",
    param: "dimensions",
  },
  {
    what: "a document that is a number",
    path: "/v1/rerank",
    body: { model, query: "x", documents: [1] },
    status: 400,
    code: "invalid_request",
    param: "documents[0]",
  },
  {
    what: "two prompts to cut up",
    path: "/tokenize",
    body: { model, prompt: "a", content: "b" },
    status: 400,
    code: "invalid_request",
    param: "prompt",
  },
  {
    what: "more choices than one request may ask for",
    path: "/v1/completions",
    body: { model, prompt: ["a", "b", "c"], n: 4 },
    status: 400,
    code: "invalid_request",
    param: "n",
  },
];

describe("bad input", () => {
  it("gets OpenAI's error shape, says which field is wrong, and takes nothing down", async () => {
    const cluster = await startCluster();
    await cluster.worker("w1");
    for (const { what, body, status, code, param, path, says = "" } of table) {
      const response = await cluster.post(path ?? "/v1/chat/completions", body);
      const answer = (await response.json()) as { error: Record<string, unknown> };
      expect({ what, status: response.status, code: answer.error["code"] }).toEqual({ what, status, code });
      expect(Object.keys(answer.error).sort()).toEqual(["code", "message", "param", "type"]);
      if (param !== undefined) expect({ what, param: answer.error["param"] }).toEqual({ what, param });
      expect(answer.error["message"]).toContain(says);
      expect(response.headers.get("x-request-id")).toMatch(/^req-/);
    }
    const plan = await fetch(`${cluster.url}/cluster/v1/models/plan?model=a&model=b`);
    expect(plan.status).toBe(400);
    const unknown = await cluster.post("/v1/chat/completions", { ...ok, model: "gpt-4" });
    expect(((await unknown.json()) as { error: { message: string } }).error.message).toContain(model);
    expect((await cluster.post("/v1/chat/completions", ok)).status).toBe(200);
  });

  it("is refused before it is parsed when it is larger than 14 MiB, or no JSON", async () => {
    const cluster = await startCluster();
    await cluster.worker("w1");
    const huge = await cluster.post("/v1/chat/completions", chat("x".repeat(14 * 1024 * 1024)));
    expect(huge.status).toBe(413);
    const text = await cluster.post("/v1/chat/completions", "hello", {
      headers: { "content-type": "text/plain" },
    });
    expect(text.status).toBe(400);
    const deep = await cluster.post("/v1/chat/completions", `${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    expect(deep.status).toBe(400);
    for (const field of ["tools", "response_format", "metadata"]) {
      const nested = `${'{"a":'.repeat(60_000)}1${"}".repeat(60_000)}`;
      const body = JSON.stringify({ ...ok, [field]: "HERE" }).replace('"HERE"', nested);
      const answer = await cluster.post("/v1/chat/completions", body);
      expect({ field, status: answer.status }).toEqual({ field, status: 400 });
    }
    const inArguments = JSON.stringify(`{"a":${"[".repeat(60_000)}${"]".repeat(60_000)}}`);
    const call = `{"id":"c","type":"function","function":{"name":"f","arguments":${inArguments}}}`;
    const body = `{"model":"${model}","messages":[{"role":"assistant","content":null,"tool_calls":[${call}]}]}`;
    expect((await cluster.post("/v1/chat/completions", body)).status).toBe(400);
    expect((await cluster.post("/v1/chat/completions", ok)).status).toBe(200);
    const [before] = await cluster.workers();
    const noUtf8 = Buffer.from(JSON.stringify(chat("@".repeat(13 * 1024 * 1024)))).map((byte) =>
      byte === 0x40 ? 0xff : byte,
    );
    const swollen = await cluster.post("/v1/chat/completions", "", { body: noUtf8 });
    expect(swollen.status).toBe(400);
    expect((await cluster.workers())[0]).toMatchObject({ id: before?.id, state: "ready" });
    const poison = await cluster.post("/v1/chat/completions", '{"__proto__": {"model": "x"}, "model": "y"}');
    expect(poison.status).toBe(400);
  });

  it("that is hardly HTTP gets the same shape", async () => {
    const cluster = await startCluster();
    const { port } = new URL(cluster.url);
    const raw = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), "127.0.0.1", () => socket.end(text));
        let answer = "";
        socket.on("data", (chunk: Buffer) => {
          answer += chunk.toString();
        });
        socket.on("close", () => resolve(answer));
        socket.on("error", reject);
      });
    const bodyOf = (answer: string) =>
      JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as { error: { message: string } };
    expect(bodyOf(await raw("nonsense\r\n\r\n")).error.message).toContain("HTTP");
    const headers = `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${"a".repeat(40_000)}\r\n\r\n`;
    expect(await raw(headers)).toMatch(/^HTTP\/1.1 431/);
    const path = await fetch(`${cluster.url}/%`);
    expect(path.status).toBe(400);
    expect(((await path.json()) as { error: { message: string } }).error.message).toContain("URL");
    expect(path.headers.get("x-request-id")).toMatch(/^req-/);
  });

  it("that reaches the engine comes back as the client's error", async () => {
    const cluster = await startCluster();
    await cluster.worker("w1", { contextTokens: 128 });
    const long = await cluster.post("/v1/chat/completions", chat("word ".repeat(500)));
    expect(long.status).toBe(400);
    expect(((await long.json()) as { error: { code: string } }).error.code).toBe("context_length_exceeded");
  });
});

describe("who may ask", () => {
  it("is only loopback by name where there are no keys: a rebound name is turned away", async () => {
    const cluster = await startCluster();
    const { port } = new URL(cluster.url);
    const { request } = await import("node:http");
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request(
        { host: "127.0.0.1", port, path: "/v1/models", headers: { host: "evil.example" } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
    for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
      const drained = await fetch(`${cluster.url}/cluster/v1/workers/x/drain`, { method: "POST", headers });
      expect(drained.status).toBe(403);
    }
  });
});
