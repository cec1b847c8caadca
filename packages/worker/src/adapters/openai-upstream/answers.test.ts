import { ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { chatRequest, failureCode, readAnswer } from "../../ports/engine.contract.ts";
import { event, json, type Route, stream, textEvent } from "./scripted-server.fake.ts";
import { eventsOf, neverAborts, serve, whileAdvancing } from "./upstream.fixture.ts";

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
