import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { type Log, ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { parseCapabilityChange } from "../../core/capability-change.ts";
import { chatRequest, failureCode, readAnswer } from "../../ports/engine.contract.ts";
import { firstUpstreamModel } from "./engine.ts";
import { json, models, type Route, startScriptedServer, stream, textEvent } from "./scripted-server.fake.ts";
import { load, neverAborts, serve, whileAdvancing } from "./upstream.fixture.ts";

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
