import { describe, expect, it } from "vitest";
import { Muster } from "../client.ts";
import { AbortedError, ConnectionError, MusterApiError, NotFoundError, ServerError } from "../errors.ts";
import { deadUrl, sendJson } from "../server.fixture.ts";
import { all, answerLine, batchesOf, batchNamed, errorLine, sendPage } from "./batch.fixture.ts";
import { BatchFailedError } from "./batch-result.ts";
import type { Batch } from "./batch-types.ts";

const chat = "/v1/chat/completions";
const soon = { "retry-after-ms": "1" };
const hello = { messages: [{ role: "user", content: "hello" }] } as const;

describe("batches.wait", () => {
  it("asks until the batch is over, through an outage, and shows it each time", async () => {
    const { batches } = await batchesOf({
      "GET /v1/batches/batch_1": (response, _seen, _index, count) => {
        if (count === 1) sendJson(response, { error: { message: "Away." } }, { status: 503, headers: soon });
        else sendJson(response, batchNamed("batch_1", { status: count < 3 ? "in_progress" : "expired" }));
      },
    });
    const shown: string[] = [];
    const outages: number[] = [];
    const batch = await batches.wait("batch_1", {
      onProgress: ({ status }) => shown.push(status),
      onOutage: ({ status }) => outages.push(status ?? 0),
    });
    expect(batch.status).toBe("expired");
    expect(shown).toEqual(["in_progress", "in_progress", "expired"]);
    expect(outages).toEqual([503]);
  });

  it("gives up after outageMs, and at once where it makes no sense to wait", async () => {
    const gone = new Muster({ baseUrl: await deadUrl() }).batches;
    await expect(gone.wait("batch_1", { outageMs: 0 })).rejects.toBeInstanceOf(ConnectionError);
    const { batches, asked } = await batchesOf({
      "GET /v1/batches/batch_2": (response) =>
        sendJson(
          response,
          { error: { message: "Never." } },
          { status: 500, headers: { "x-should-retry": "false" } },
        ),
    });
    await expect(batches.wait("batch_1")).rejects.toBeInstanceOf(NotFoundError);
    await expect(batches.wait("batch_2")).rejects.toBeInstanceOf(ServerError);
    expect(asked()).toHaveLength(2);
  });

  it("ends with its signal", async () => {
    const { batches } = await batchesOf({
      "GET /v1/batches/batch_1": (response) => sendJson(response, batchNamed("batch_1")),
    });
    const abort = new AbortController();
    const waiting = batches.wait("batch_1", {
      signal: abort.signal,
      onProgress: () => abort.abort("enough"),
    });
    await expect(waiting).rejects.toBeInstanceOf(AbortedError);
  });
});

describe("batches.results", () => {
  const over = (changes: Partial<Batch> = {}) => batchNamed("batch_1", { status: "completed", ...changes });

  it("follows the pages, asks again for one that broke, and gives each id once", async () => {
    const { batches, server } = await batchesOf({
      "GET /v1/batches/batch_1/results": (response, _seen, _index, count) => {
        const [a, b, c] = ["a", "b", "c"].map((id) => answerLine(id, `answer ${id}`)) as [
          string,
          string,
          string,
        ];
        if (count === 0) sendPage(response, [a], { cursor: "c1", status: "in_progress" });
        else if (count === 1) sendPage(response, [b], { cursor: "c2", status: "in_progress", breaks: true });
        else if (count === 2) sendPage(response, [b, c], { cursor: "c3", status: "finalizing" });
        else sendPage(response, [c], { cursor: "c3", status: "completed" });
      },
      "GET /v1/batches/batch_1": (response) =>
        sendJson(
          response,
          over({ request_counts: { total: 3, completed: 3, failed: 0 }, output_file_id: "unread" }),
        ),
    });
    const results = await all(batches.results("batch_1"));
    expect(
      results.map(({ customId, response }) => [customId, response?.choices[0]?.message.content]),
    ).toEqual([
      ["a", "answer a"],
      ["b", "answer b"],
      ["c", "answer c"],
    ]);
    const cursors = server.seen.map(({ path }) => /after=(\w+)/.exec(path ?? "")?.[1]);
    expect(cursors).toEqual([undefined, "c1", "c1", "c3", undefined]);
    expect(server.seen.some(({ path }) => path?.includes("unread"))).toBe(false);
  });

  it("gives up on a page that always breaks at the same place", async () => {
    const { batches } = await batchesOf({
      "GET /v1/batches/batch_1/results": (response) =>
        sendPage(response, [answerLine("a", "A")], { cursor: "c", status: "in_progress", breaks: true }),
    });
    let outages = 0;
    const onOutage = () => {
      outages += 1;
    };
    const reading = all(batches.results("batch_1", { outageMs: 1, onOutage }));
    await expect(reading).rejects.toBeInstanceOf(ConnectionError);
    expect(outages).toBe(1);
  });

  it("reads the files at the end for what it has not seen, with the errors of lines", async () => {
    const { batches } = await batchesOf({
      "GET /v1/batches/batch_1/results": (response) =>
        sendPage(response, [answerLine("a", "A")], { cursor: "c1", status: "expired" }),
      "GET /v1/batches/batch_1": (response) =>
        sendJson(
          response,
          over({
            status: "expired",
            request_counts: { total: 4, completed: 2, failed: 2 },
            output_file_id: "out",
            error_file_id: "err",
          }),
        ),
      "GET /v1/files/out/content": (response) =>
        response.end(`${answerLine("a", "A")}\n${answerLine("b", "B")}\n`),
      "GET /v1/files/err/content": (response) =>
        response.end(
          `${errorLine("c", "context_length_exceeded", 400)}\n${errorLine("d", "batch_expired")}\n`,
        ),
    });
    expect((await all(batches.results("batch_1"))).map(({ response: _, ...rest }) => rest)).toEqual([
      { customId: "a", statusCode: 200, error: undefined },
      { customId: "b", statusCode: 200, error: undefined },
      {
        customId: "c",
        statusCode: 400,
        error: { code: "context_length_exceeded", message: "It is context_length_exceeded." },
      },
      {
        customId: "d",
        statusCode: undefined,
        error: { code: "batch_expired", message: "It is batch_expired." },
      },
    ]);
  });

  it("throws what is wrong with the input, and for lines that are no results", async () => {
    const errors = [
      { code: "invalid_json_line", message: "This line is not JSON.", line: 7 },
      { code: "empty_file", message: "Empty." },
    ];
    const failed = await batchesOf({
      "GET /v1/batches/batch_1/results": (response) =>
        sendPage(response, [], { cursor: "c", status: "failed" }),
      "GET /v1/batches/batch_1": (response) =>
        sendJson(response, over({ status: "failed", errors: { object: "list", data: errors } })),
    });
    const thrown = await all(failed.batches.results("batch_1")).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(BatchFailedError);
    expect(thrown).toMatchObject({
      message: "Batch batch_1 failed: line 7: This line is not JSON. (and 1 more: see batch.errors)",
      code: "invalid_json_line",
      batch: { status: "failed" },
    });
    const strange = await batchesOf({
      "GET /v1/batches/batch_1/results": (response) =>
        sendPage(response, ['{"object":"list"}'], { cursor: "c", status: "in_progress" }),
    });
    await expect(all(strange.batches.results("batch_1"))).rejects.toBeInstanceOf(MusterApiError);
  });

  it("lets the reader take its time and leave, and asks for no page that nobody wants", async () => {
    const { batches, asked } = await batchesOf({
      "GET /v1/batches/batch_1/results": (response) =>
        sendPage(response, [answerLine("a", "A"), answerLine("b", "B")], {
          cursor: "c",
          status: "in_progress",
        }),
    });
    for await (const { customId } of batches.results("batch_1")) {
      expect(customId).toBe("a");
      break;
    }
    expect(asked()).toHaveLength(1);
  });

  it("ends with its signal while the server waits for a line", async () => {
    const abort = new AbortController();
    const { batches } = await batchesOf({
      "GET /v1/batches/batch_1/results": () => abort.abort(),
    });
    await expect(all(batches.results("batch_1", { signal: abort.signal }))).rejects.toBeInstanceOf(
      AbortedError,
    );
  });
});

describe("batches.run", () => {
  it("submits, tells the id, and gives results and progress until the end", async () => {
    const { batches, asked } = await batchesOf({
      "POST /v1/files": (response) => sendJson(response, { id: "file-in" }),
      "POST /v1/batches": (response) => sendJson(response, batchNamed("batch_1", { status: "validating" })),
      "GET /v1/batches/batch_1/results": (response, _seen, _index, count) =>
        sendPage(response, [answerLine(`line-${count + 1}`, "yes")], {
          cursor: `c${count}`,
          status: count === 0 ? "in_progress" : "completed",
        }),
      "GET /v1/batches/batch_1": (response, _seen, _index, count) =>
        sendJson(
          response,
          batchNamed("batch_1", {
            status: count === 0 ? "in_progress" : "completed",
            request_counts: { total: 2, completed: count + 1, failed: 0 },
          }),
        ),
    });
    const submitted: string[] = [];
    const shown: number[] = [];
    const run = batches.run(
      [hello, hello],
      { endpoint: chat, model: "tiny" },
      {
        onSubmit: ({ id }) => submitted.push(id),
        onProgress: ({ request_counts }) => shown.push(request_counts.completed),
      },
    );
    expect(asked()).toEqual([]);
    expect((await all(run)).map(({ customId }) => customId)).toEqual(["line-1", "line-2"]);
    expect(submitted).toEqual(["batch_1"]);
    expect(shown[0]).toBe(1);
    expect(shown.at(-1)).toBe(3);
  });
});
