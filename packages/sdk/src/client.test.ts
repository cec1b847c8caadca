import { afterEach, describe, expect, it, vi } from "vitest";
import { Muster } from "./client.ts";
import { completion, question, sendJson, startServer } from "./server.fixture.ts";

afterEach(() => vi.unstubAllEnvs());

describe("Muster", () => {
  it.each(["", "/", "/v1", "/v1/"])("takes a base URL that ends in %j", async (end) => {
    const server = await startServer((response) =>
      sendJson(response, { object: "list", data: [], has_more: false }),
    );
    const muster = new Muster({ baseUrl: server.url + end });
    expect(muster.baseUrl).toBe(`${server.url}/v1`);
    await muster.models.list();
    await muster.workers.list();
    expect(server.seen.map(({ path }) => path)).toEqual(["/v1/models", "/cluster/v1/workers"]);
  });

  it("sends every call to its path", async () => {
    const server = await startServer((response) => sendJson(response, {}));
    const muster = new Muster({ baseUrl: server.url });
    await muster.chat.completions.create(question);
    await muster.completions.create({ model: "m", prompt: "once" });
    await muster.rerank.create({ model: "m", query: "q", documents: ["d"] });
    await muster.tokenize.create({ model: "m", prompt: "once" });
    await muster.models.retrieve("owner/gemma 4");
    await muster.models.catalogue();
    await muster.models.add({ uri: "hf:o/r/m.gguf", family: "ours" });
    await muster.models.remove("m");
    await muster.models.pin("m", { replicas: 2 });
    await muster.models.pin("m");
    await muster.models.unpin("m");
    await muster.models.plan("a b");
    await muster.models.plan();
    await muster.workers.retrieve("wrk-1");
    await muster.workers.drain("wrk-1");
    await muster.workers.pause("wrk-1", { seconds: 60 });
    await muster.workers.pause("wrk-1");
    await muster.workers.resume("wrk-1");
    await muster.workers.check("wrk-1", "rep-1");
    await muster.workers.fleet();
    expect(server.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ["POST", "/v1/chat/completions", question],
      ["POST", "/v1/completions", { model: "m", prompt: "once" }],
      ["POST", "/v1/rerank", { model: "m", query: "q", documents: ["d"] }],
      ["POST", "/v1/tokenize", { model: "m", prompt: "once" }],
      ["GET", "/v1/models/owner/gemma%204", undefined],
      ["GET", "/cluster/v1/models", undefined],
      ["POST", "/cluster/v1/models", { uri: "hf:o/r/m.gguf", family: "ours" }],
      ["DELETE", "/cluster/v1/models/m", undefined],
      ["PUT", "/cluster/v1/models/m/pin", { replicas: 2 }],
      ["PUT", "/cluster/v1/models/m/pin", {}],
      ["DELETE", "/cluster/v1/models/m/pin", undefined],
      ["GET", "/cluster/v1/models/plan?model=a%20b", undefined],
      ["GET", "/cluster/v1/models/plan", undefined],
      ["GET", "/cluster/v1/workers/wrk-1", undefined],
      ["POST", "/cluster/v1/workers/wrk-1/drain", undefined],
      ["POST", "/cluster/v1/workers/wrk-1/pause", { seconds: 60 }],
      ["POST", "/cluster/v1/workers/wrk-1/pause", {}],
      ["POST", "/cluster/v1/workers/wrk-1/resume", undefined],
      ["POST", "/cluster/v1/workers/wrk-1/replicas/rep-1/check", undefined],
      ["GET", "/cluster/v1/fleet", undefined],
    ]);
    await expect(muster.workers.retrieve("../../v1/models")).rejects.toThrow(TypeError);
  });

  it("sends the key, the client's headers and the call's, the call's last", async () => {
    const server = await startServer((response) => sendJson(response, completion));
    const muster = new Muster({
      baseUrl: server.url,
      apiKey: "key-1",
      headers: { "x-team": "a", "x-desk": "1" },
    });
    await muster.chat.completions.create(question, { headers: { "X-Team": "b" } });
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: "Bearer key-1",
      "content-type": "application/json",
      "x-team": "b",
      "x-desk": "1",
    });
  });

  it("asks for vectors in base64 and gives numbers, as the server sent them or not", async () => {
    const bytes = Buffer.alloc(8);
    bytes.writeFloatLE(0.5, 0);
    bytes.writeFloatLE(-2, 4);
    const embeddings = [bytes.toString("base64"), [1, 2]];
    const server = await startServer((response) =>
      sendJson(
        response,
        {
          object: "list",
          model: "m",
          data: embeddings.map((embedding, index) => ({ object: "embedding", index, embedding })),
        },
        { headers: { "x-muster-worker": "desk" } },
      ),
    );
    const list = await new Muster({ baseUrl: server.url }).embeddings.create({
      model: "m",
      input: ["a", "b"],
    });
    expect(list.data.map(({ embedding }) => embedding)).toEqual([
      [0.5, -2],
      [1, 2],
    ]);
    expect(list.worker).toBe("desk");
    expect(server.seen[0]).toMatchObject({
      path: "/v1/embeddings",
      body: { model: "m", input: ["a", "b"], encoding_format: "base64" },
    });
  });

  it("reads the environment where options do not say", async () => {
    const server = await startServer((response) => sendJson(response, completion));
    vi.stubEnv("MUSTER_BASE_URL", server.url);
    vi.stubEnv("MUSTER_API_KEY", "from-the-environment");
    await new Muster().models.list();
    await new Muster({ apiKey: "given" }).models.list();
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer from-the-environment",
      "Bearer given",
    ]);
    vi.stubEnv("MUSTER_BASE_URL", "");
    expect(new Muster().baseUrl).toBe("http://127.0.0.1:11500/v1");
  });

  it("works where there is no process, as in browsers", () => {
    vi.stubGlobal("process", undefined);
    try {
      expect(new Muster().baseUrl).toBe("http://127.0.0.1:11500/v1");
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("uses the fetch that it is given", async () => {
    const urls: string[] = [];
    const muster = new Muster({
      baseUrl: "https://gpu.example",
      fetch: async (url) => {
        urls.push(url);
        return Response.json({ object: "list", data: [], has_more: false });
      },
    });
    await muster.models.list();
    expect(urls).toEqual(["https://gpu.example/v1/models"]);
  });

  it("refuses options that cannot be, without showing the key", async () => {
    expect(() => new Muster({ apiKey: "secret\nkey" })).toThrow(/^(?!.*secret).*Copy it again/);
    expect(() => new Muster({ baseUrl: "gpu" })).toThrow(TypeError);
    await expect(new Muster({ timeoutMs: 0 }).models.list()).rejects.toThrow("timeoutMs is 0");
    await expect(new Muster().models.list({ maxRetries: Number.NaN })).rejects.toThrow("maxRetries is NaN");
  });
});
