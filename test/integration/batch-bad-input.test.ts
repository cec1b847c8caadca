import { describe, expect, it } from "vitest";
import { createBatchApi } from "../harness/batch-api.ts";
import { chatLine } from "../harness/batch-lines.ts";
import { chat, model, startCluster } from "../harness/cluster.ts";

const noFile = `file-${"0".repeat(32)}`;
const noBatch = `batch_${"0".repeat(32)}`;
const endpoint = "/v1/chat/completions";

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  readonly message: string;
}

async function start(overrides: Parameters<typeof startCluster>[0] = {}) {
  const cluster = await startCluster(overrides);
  const api = createBatchApi({ url: () => cluster.url });
  const refusal = async (response: Response): Promise<Refusal> => {
    const { error } = (await response.json()) as { error: Omit<Refusal, "status"> };
    return { status: response.status, code: error.code, param: error.param, message: error.message };
  };
  const refused = async (method: string, path: string, body?: unknown) =>
    refusal(
      await fetch(`${cluster.url}${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      }),
    );
  return { cluster, api, refused };
}

describe("a batch that is asked for wrongly", () => {
  it("is refused at once, with the field that is wrong", async () => {
    const { api, refused } = await start();
    const { id: input } = await api.upload(chatLine(0, "one two"));
    const ok = { input_file_id: input, endpoint, completion_window: "24h" };
    const pairs = Object.fromEntries(Array.from({ length: 17 }, (_none, index) => [`k${index}`, "v"]));
    const table: readonly [what: string, body: unknown, status: number, param: string | null][] = [
      ["no input", { ...ok, input_file_id: undefined }, 400, "input_file_id"],
      ["an input that is not there", { ...ok, input_file_id: noFile }, 404, null],
      ["a path as input", { ...ok, input_file_id: "../../etc/passwd" }, 404, null],
      ["no endpoint", { ...ok, endpoint: undefined }, 400, "endpoint"],
      ["an endpoint without batches", { ...ok, endpoint: "/v1/images/generations" }, 400, "endpoint"],
      ["no window", { ...ok, completion_window: undefined }, 400, "completion_window"],
      ["a window that is none", { ...ok, completion_window: "soon" }, 400, "completion_window"],
      ["a window of a minute", { ...ok, completion_window: "1m" }, 400, "completion_window"],
      ["a window of eight days", { ...ok, completion_window: "8d" }, 400, "completion_window"],
      ["17 pairs", { ...ok, metadata: pairs }, 400, "metadata"],
      ["a number as metadata", { ...ok, metadata: { a: 1 } }, 400, "metadata.a"],
      ["a long value", { ...ok, metadata: { a: "x".repeat(513) } }, 400, "metadata.a"],
      [
        "output that goes at once",
        { ...ok, output_expires_after: { anchor: "created_at", seconds: 1 } },
        400,
        "output_expires_after.seconds",
      ],
      [
        "another anchor",
        { ...ok, output_expires_after: { anchor: "now", seconds: 3_600 } },
        400,
        "output_expires_after.anchor",
      ],
      ["an unknown priority", { ...ok, muster: { priority: "urgent" } }, 400, "muster.priority"],
      ["a webhook that is no URL", { ...ok, muster: { webhook_url: "me" } }, 400, "muster.webhook_url"],
      [
        "a webhook to a host that is not allowed",
        { ...ok, muster: { webhook_url: "http://169.254.169.254/latest" } },
        400,
        "muster.webhook_url",
      ],
      ["a list", [ok], 400, null],
    ];
    for (const [what, body, status, param] of table) {
      const { status: found, param: named } = await refused("POST", "/v1/batches", body);
      expect({ what, status: found, param: named }).toEqual({ what, status, param });
    }
    const plan = await refused("POST", "/v1/batches/plan", { endpoint });
    expect(plan).toMatchObject({ status: 400, param: "input_file_id" });
  });

  it("is not found by any id that is not its own", async () => {
    const { refused } = await start();
    for (const id of [noBatch, "batch_1", "..%2Fx", "x".repeat(500)]) {
      expect(await refused("GET", `/v1/batches/${id}`)).toMatchObject({ status: 404, code: "not_found" });
      expect((await refused("GET", `/v1/batches/${id}/results`)).status).toBe(404);
      for (const deed of ["cancel", "pause", "resume"])
        expect((await refused("POST", `/v1/batches/${id}/${deed}`)).status).toBe(404);
    }
    for (const query of ["limit=0", "limit=101", "limit=-1", "after=x"])
      expect(await refused("GET", `/v1/batches?${query}`)).toMatchObject({
        status: 400,
        param: query.split("=")[0],
      });
    for (const query of ["wait=31", "wait=x", "after="])
      expect((await refused("GET", `/v1/batches/${noBatch}/results?${query}`)).status).toBe(400);
  });
});

describe("a batch with bad input", () => {
  it("fails with the lines that are wrong, in OpenAI's words, and runs nothing", async () => {
    const { cluster, api, refused } = await start({ maxBatchLines: 5 });
    await cluster.worker("w1");
    const table: readonly [
      what: string,
      text: string,
      errors: readonly [code: string, line: number | null][],
    ][] = [
      ["nothing", "", [["empty_file", null]]],
      [
        "a broken line and a twin",
        [chatLine(0, "a"), "{", chatLine(0, "b")].join("\n"),
        [
          ["invalid_json_line", 2],
          ["duplicate_custom_id", 3],
        ],
      ],
      [
        "too many lines",
        Array.from({ length: 6 }, (_none, at) => chatLine(at, "a")).join("\n"),
        [["too_many_tasks", 6]],
      ],
      ["another model", chatLine(0, "a", { model: "gpt-4" }), [["model_not_found", 1]]],
      ["a stream", chatLine(0, "a", { stream: true }), [["invalid_request", 1]]],
      ["another url", chatLine(0, "a").replace(endpoint, "/v1/embeddings"), [["url_mismatch", 1]]],
    ];
    for (const [what, text, errors] of table) {
      const file = await api.upload(text);
      const { id } = await api.create(file.id);
      const batch = await api.untilState(id, "failed");
      const found = batch.errors?.data.map(({ code, line }) => [code, line]);
      expect({ what, found }).toEqual({ what, found: errors });
      expect(batch).toMatchObject({
        errors: { object: "list" },
        request_counts: { total: 0, completed: 0, failed: 0 },
        output_file_id: null,
        error_file_id: null,
        in_progress_at: null,
        completed_at: null,
      });
      expect(batch.failed_at).toBeGreaterThanOrEqual(batch.created_at);
      for (const deed of ["cancel", "pause"])
        expect(await refused("POST", `/v1/batches/${id}/${deed}`)).toMatchObject({ status: 400 });
    }
    expect((await cluster.post("/v1/chat/completions", chat("hello"))).status).toBe(200);
    expect(cluster.orchestrator.load()).toEqual({ openRequests: 0, runningAttempts: 0 });
  });

  it("keeps its input while it runs, and lets go of it when it is over", async () => {
    const { cluster, api, refused } = await start();
    await cluster.worker("w1");
    const { id: input } = await api.upload(chatLine(0, "!hang"));
    const { id } = await api.create(input, { metadata: { team: "a" } });
    const running = await api.untilState(id, "in_progress");
    expect(running).toMatchObject({
      object: "batch",
      model,
      endpoint,
      metadata: { team: "a" },
      errors: null,
      completion_window: "24h",
      expires_at: running.created_at + 86_400,
      request_counts: { total: 1, completed: 0, failed: 0 },
      output_file_id: null,
      completed_at: null,
    });
    expect(await refused("DELETE", `/v1/files/${input}`)).toMatchObject({
      status: 400,
      code: "invalid_request",
    });
    await api.act(id, "cancel");
    await api.untilState(id, "cancelled");
    expect((await fetch(`${cluster.url}/v1/files/${input}`, { method: "DELETE" })).status).toBe(200);
  });
});
