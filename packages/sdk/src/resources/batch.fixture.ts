import type { ServerResponse } from "node:http";
import { Muster } from "../client.ts";
import { type Answer, sendJson, startServer } from "../server.fixture.ts";
import type { Batch } from "./batch-types.ts";

export function batchNamed(id: string, changes: Partial<Batch> = {}): Batch {
  return {
    id,
    object: "batch",
    endpoint: "/v1/chat/completions",
    status: "in_progress",
    errors: null,
    input_file_id: "file-in",
    completion_window: "24h",
    output_file_id: null,
    error_file_id: null,
    created_at: 1,
    request_counts: { total: 2, completed: 0, failed: 0 },
    muster: {
      priority: "normal",
      paused: false,
      progress: { completed: 0, failed: 0, total: 2, cached: 0 },
      forecast: null,
      provenance_file_id: null,
      result_cache: false,
    },
    ...changes,
  };
}

/** A line of an output file. */
export function answerLine(customId: string, content: string): string {
  return JSON.stringify({
    id: `batch_req_${customId}`,
    custom_id: customId,
    response: {
      status_code: 200,
      request_id: "req-1",
      body: { choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }] },
    },
    error: null,
  });
}

/** A line of an error file: refused with a status, or never run. */
export function errorLine(customId: string, code: string, status?: number): string {
  const error = { code, message: `It is ${code}.`, param: null };
  const response =
    status === undefined ? null : { status_code: status, request_id: "req-1", body: { error } };
  return JSON.stringify({
    id: `batch_req_${customId}`,
    custom_id: customId,
    response,
    error: status === undefined ? error : null,
  });
}

/** A page of the results endpoint; `breaks` cuts the connection before its end. */
export function sendPage(
  response: ServerResponse,
  lines: readonly string[],
  page: { readonly cursor: string; readonly status: string; readonly breaks?: boolean },
): void {
  const text = lines.map((line) => `${line}\n`).join("");
  response.writeHead(200, {
    "content-type": "application/jsonl",
    "content-length": Buffer.byteLength(text) + (page.breaks ? 1 : 0),
    "x-muster-cursor": page.cursor,
    "x-muster-batch-status": page.status,
  });
  if (page.breaks) response.write(text, () => response.destroy());
  else response.end(text);
}

type Routes = Readonly<Record<string, (...given: [...Parameters<Answer>, count: number]) => void>>;

/** Answers by method and path; `count` is how often the route was asked before. */
export async function batchesOf(routes: Routes) {
  const counts = new Map<string, number>();
  const server = await startServer((response, seen, index) => {
    const route = `${seen.method} ${seen.path?.replace(/\?.*/, "")}`;
    const count = counts.get(route) ?? 0;
    counts.set(route, count + 1);
    const answer = routes[route];
    if (answer === undefined) sendJson(response, { error: { message: `No ${route}.` } }, { status: 404 });
    else answer(response, seen, index, count);
  });
  const asked = () => server.seen.map(({ method, path }) => `${method} ${path}`);
  return { server, asked, batches: new Muster({ baseUrl: server.url }).batches };
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
