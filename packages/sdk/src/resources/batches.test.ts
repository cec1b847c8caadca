import { describe, expect, it } from "vitest";
import { Muster } from "../client.ts";
import { BadRequestError, ConnectionError } from "../errors.ts";
import { type Answer, type SeenRequest, sendJson, startServer } from "../server.fixture.ts";
import { batchesOf, batchNamed } from "./batch.fixture.ts";

const chat = "/v1/chat/completions";
const list = (data: readonly object[], has_more = false) => ({ object: "list", data, has_more });
const hello = { messages: [{ role: "user", content: "hello" }] } as const;

/** The input file in an upload. */
function linesIn({ body }: SeenRequest): unknown[] {
  const content = String(body).split("\r\n\r\n").at(-1)?.split("\r\n--")[0] ?? "";
  return content
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

describe("batches", () => {
  it("are made, listed, steered and planned at their paths", async () => {
    const answer: Answer = (response) => sendJson(response, batchNamed("batch_1"));
    const server = await startServer(answer);
    const { batches } = new Muster({ baseUrl: server.url });
    const request = { input_file_id: "file-in", endpoint: chat, muster: { priority: "high" } } as const;
    await batches.create(request);
    await batches.plan({ input_file_id: "file-in", endpoint: chat });
    await batches.list({ after: "batch_0", limit: 5 });
    await batches.retrieve("batch_1");
    await batches.pause("batch_1");
    await batches.resume("batch_1");
    expect((await batches.cancel("batch_1")).muster.priority).toBe("normal");
    expect(server.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ["POST", "/v1/batches", { ...request, completion_window: "24h" }],
      ["POST", "/v1/batches/plan", { input_file_id: "file-in", endpoint: chat }],
      ["GET", "/v1/batches?after=batch_0&limit=5", undefined],
      ["GET", "/v1/batches/batch_1", undefined],
      ["POST", "/v1/batches/batch_1/pause", undefined],
      ["POST", "/v1/batches/batch_1/resume", undefined],
      ["POST", "/v1/batches/batch_1/cancel", undefined],
    ]);
  });

  it("are not made twice by create: where a connection breaks there may be one already", async () => {
    const { batches, asked } = await batchesOf({ "POST /v1/batches": (response) => response.destroy() });
    await expect(batches.create({ input_file_id: "f", endpoint: chat })).rejects.toBeInstanceOf(
      ConnectionError,
    );
    expect(asked()).toEqual(["POST /v1/batches"]);
  });
});

describe("batches.ensure", () => {
  it("finds the batch of a file on a later page", async () => {
    const { batches, asked } = await batchesOf({
      "GET /v1/batches": (response, _seen, _index, count) =>
        count === 0
          ? sendJson(response, list([batchNamed("batch_9", { input_file_id: "other" })], true))
          : sendJson(response, list([batchNamed("batch_8")])),
    });
    expect((await batches.ensure({ input_file_id: "file-in", endpoint: chat })).id).toBe("batch_8");
    expect(asked()).toEqual(["GET /v1/batches?limit=100", "GET /v1/batches?after=batch_9&limit=100"]);
  });

  it("makes one where there is none, and throws what another try would not change", async () => {
    const { batches } = await batchesOf({
      "GET /v1/batches": (response) => sendJson(response, list([])),
      "POST /v1/batches": (response, _seen, _index, count) =>
        count === 0
          ? sendJson(response, batchNamed("batch_1"))
          : sendJson(response, { error: { message: "No such file." } }, { status: 400 }),
    });
    const request = { input_file_id: "file-in", endpoint: chat } as const;
    expect((await batches.ensure(request)).id).toBe("batch_1");
    await expect(batches.ensure(request)).rejects.toBeInstanceOf(BadRequestError);
  });
});

describe("batches.submit", () => {
  it("sends lines and bare requests, with ids and the model where they have none", async () => {
    const { server, batches } = await batchesOf({
      "POST /v1/files": (response) => sendJson(response, { id: "file-in" }),
      "POST /v1/batches": (response) => sendJson(response, batchNamed("batch_1")),
    });
    async function* lines() {
      yield hello;
      yield { custom_id: "mine", body: { ...hello, model: "large", max_tokens: 3 } };
      yield { body: { ...hello, model: undefined } };
    }
    const batch = await batches.submit(lines(), {
      endpoint: chat,
      model: "tiny",
      filename: "questions.jsonl",
      metadata: { team: "a" },
    });
    expect(batch.id).toBe("batch_1");
    const [upload, create] = server.seen as [SeenRequest, SeenRequest];
    const line = { method: "POST", url: chat };
    expect(linesIn(upload)).toEqual([
      { custom_id: "line-1", ...line, body: { model: "tiny", ...hello } },
      { custom_id: "mine", ...line, body: { ...hello, model: "large", max_tokens: 3 } },
      { custom_id: "line-3", ...line, body: { model: "tiny", ...hello } },
    ]);
    expect(upload.body).toContain('filename="questions.jsonl"');
    expect(create.body).toEqual({
      input_file_id: "file-in",
      endpoint: chat,
      completion_window: "24h",
      metadata: { team: "a" },
    });
  });

  it("looks for the batch where the connection broke, before it makes another", async () => {
    const { batches, asked } = await batchesOf({
      "POST /v1/files": (response) => sendJson(response, { id: "file-in" }),
      "POST /v1/batches": (response) => response.destroy(),
      "GET /v1/batches": (response) => sendJson(response, list([batchNamed("batch_1")])),
    });
    expect((await batches.submit([hello], { endpoint: chat, model: "tiny" })).id).toBe("batch_1");
    expect(asked()).toEqual(["POST /v1/files", "POST /v1/batches", "GET /v1/batches?limit=100"]);
  });

  it("refuses a line without a model, and what the lines' source throws comes through", async () => {
    const { batches, server } = await batchesOf({});
    await expect(batches.submit([hello], { endpoint: chat })).rejects.toThrow(/Line 1 names no model/);
    async function* broken() {
      yield { ...hello, model: "tiny" };
      throw new RangeError("disk gone");
    }
    await expect(batches.submit(broken(), { endpoint: chat })).rejects.toThrow(RangeError);
    expect(server.seen.filter(({ path }) => path === "/v1/batches")).toEqual([]);
  });
});
