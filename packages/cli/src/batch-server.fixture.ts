import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Batch } from "@muster/sdk";
import { batchNamed } from "./batch.fixture.ts";
import { listenForTest } from "./listen-for-test.fixture.ts";

/** What a test sees of, and does to, a server of batches. */
export interface BatchServer {
  readonly url: string;
  /** `POST /v1/batches` and the like, in order. */
  readonly requests: readonly string[];
  /** The uploaded files, as they came. */
  readonly files: ReadonlyMap<string, string>;
  readonly batches: readonly Batch[];
  /** Lines to answer before the next look at the batch; it ends with its last. */
  answer(count: number): void;
  /** Resolves at the next look at a batch. */
  looked(): Promise<void>;
  /** Breaks the connection of the next requests whose name begins so. */
  breakNext(request: string, count: number): void;
  change(changes: Parameters<typeof batchNamed>[1]): void;
}

interface Line {
  readonly custom_id: string;
  readonly body: { readonly messages: readonly { readonly content: string }[] };
}

/** Answers each chat line with its last message in capitals; one with `!refuse` in it fails. Gone with the test. */
export async function startBatchServer(models: readonly string[] = ["tiny"]): Promise<BatchServer> {
  const files = new Map<string, string>();
  const requests: string[] = [];
  const batches: Batch[] = [];
  const breaks: { readonly request: string; count: number }[] = [];
  let lookers: (() => void)[] = [];
  let answered = 0;

  const put = (batch: Batch) => {
    const at = batches.findIndex(({ id }) => id === batch.id);
    if (at < 0) batches.unshift(batch);
    else batches[at] = batch;
    return batch;
  };
  const linesOf = (fileId: string) =>
    (files.get(fileId) ?? "")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);

  const create = (body: string) => {
    const { input_file_id, endpoint, completion_window } = JSON.parse(body);
    const total = linesOf(input_file_id).length;
    return put(
      batchNamed(`batch_${batches.length + 1}`, {
        input_file_id,
        endpoint,
        completion_window,
        request_counts: { total, completed: 0, failed: 0 },
        muster: { progress: { total, completed: 0, failed: 0, cached: 0 } },
      }),
    );
  };
  const looked = (batch: Batch): Batch => {
    for (const wake of lookers) wake();
    lookers = [];
    if (batch.status !== "in_progress") return batch;
    const lines = linesOf(batch.input_file_id);
    const count = Math.min(lines.length, answered);
    const results = lines.slice(0, count).map(resultOf);
    const failed = results.filter(({ isFailed }) => isFailed).length;
    const counts = { total: lines.length, completed: count - failed, failed };
    const isOver = count === lines.length;
    const keep = (name: string, wantsFailed: boolean) => {
      const kept = results.filter(({ isFailed }) => isFailed === wantsFailed);
      if (kept.length === 0) return null;
      files.set(name, kept.map(({ text }) => `${text}\n`).join(""));
      return name;
    };
    return put({
      ...batch,
      request_counts: counts,
      muster: { ...batch.muster, progress: { ...counts, cached: 0 } },
      ...(isOver
        ? {
            status: "completed" as const,
            completed_at: batch.created_at + 3,
            output_file_id: keep(`${batch.id}-output`, false),
            error_file_id: keep(`${batch.id}-errors`, true),
          }
        : {}),
    });
  };
  const deed = (batch: Batch, verb: string): Batch => {
    if (verb === "cancel") return put({ ...batch, status: "cancelled" });
    return put({ ...batch, muster: { ...batch.muster, paused: verb === "pause" } });
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = (await request.setEncoding("latin1").toArray()).join("");
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const name = `${request.method} ${pathname}`;
    requests.push(name);
    const broken = breaks.find((one) => one.count > 0 && name.startsWith(one.request));
    if (broken !== undefined) {
      broken.count -= 1;
      request.socket.destroy();
      return;
    }
    const [, , kind, id = "", verb] = pathname.split("/");
    const batch = batches.find((one) => one.id === id);
    if (kind === "models") {
      sendJson(response, { object: "list", data: models.map((model) => ({ id: model, object: "model" })) });
    } else if (name === "POST /v1/files") {
      const fileId = `file-${files.size + 1}`;
      files.set(fileId, contentOf(body));
      sendJson(response, { id: fileId, object: "file" });
    } else if (kind === "files" && request.method === "DELETE" && files.delete(id)) {
      sendJson(response, { id, object: "file", deleted: true });
    } else if (kind === "files" && files.has(id)) response.end(files.get(id));
    else if (name === "POST /v1/batches") sendJson(response, create(body));
    else if (name === "POST /v1/batches/plan")
      sendJson(response, planOf(linesOf(JSON.parse(body).input_file_id)));
    else if (name === "GET /v1/batches") {
      sendJson(response, { object: "list", data: batches, has_more: false });
    } else if (batch !== undefined) sendJson(response, verb ? deed(batch, verb) : looked(batch));
    else {
      const error = { message: `There is no ${pathname}.`, type: "invalid_request_error", code: "not_found" };
      sendJson(response, { error }, 404);
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const { url } = await listenForTest(server);
  return {
    url,
    requests,
    files,
    batches,
    answer: (count) => {
      answered += count;
    },
    looked: () => new Promise((resolve) => lookers.push(resolve)),
    breakNext: (request, count) => void breaks.push({ request, count }),
    change: (changes) => {
      const [latest] = batches;
      if (latest === undefined) throw new Error("There is no batch to change.");
      put({ ...latest, ...changes, muster: { ...latest.muster, ...changes?.muster } });
    },
  };
}

function resultOf({ custom_id, body }: Line): { readonly isFailed: boolean; readonly text: string } {
  const content = body.messages.at(-1)?.content ?? "";
  const isFailed = content.includes("!refuse");
  const answer = isFailed
    ? { error: { code: "invalid_request", message: "Refused." } }
    : { choices: [{ message: { content: content.toUpperCase() } }] };
  const response = { status_code: isFailed ? 400 : 200, request_id: "req-1", body: answer };
  return { isFailed, text: JSON.stringify({ id: "batch_req_1", custom_id, response, error: null }) };
}

function planOf(lines: readonly Line[]) {
  const model = {
    model: "tiny",
    lines: lines.length,
    estimated_prompt_tokens: 1_200,
    max_completion_tokens: 5_000,
    too_long_lines: [2],
    workers: [{ name: "desk-1", slots: 4 }],
    hours: 0.5,
  };
  return {
    object: "batch.plan",
    lines: lines.length,
    errors: { object: "list", data: [], total: 0 },
    models: [model],
    hours: 0.5,
  };
}

/** The file in a form: its last part. */
function contentOf(form: string): string {
  const boundary = form.slice(0, form.indexOf("\r\n"));
  const part = form.split(boundary).find((text) => text.includes('name="file"')) ?? "";
  const content = part.slice(part.indexOf("\r\n\r\n") + 4, -2);
  return Buffer.from(content, "latin1").toString("utf8");
}

function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
