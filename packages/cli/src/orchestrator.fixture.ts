import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Model, Worker } from "@muster/sdk";
import { listenForTest } from "./listen-for-test.fixture.ts";

export interface ChatBody {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
  readonly max_tokens?: number;
  readonly temperature?: number;
}

export interface Served {
  readonly models?: readonly string[];
  workers?: readonly Worker[];
  /** Streams or sends an answer; by default the last message, word by word. */
  readonly chat?: (response: ServerResponse, body: ChatBody) => void;
  readonly apiKey?: string;
  /** What else is answered, by method and path: `PUT /cluster/v1/models/m/pin`. */
  readonly routes?: Readonly<Record<string, (body: unknown) => unknown>>;
}

export interface FakeOrchestrator {
  readonly url: string;
  readonly chats: readonly ChatBody[];
  /** Ids of the workers that were to be drained. */
  readonly drained: readonly string[];
  /** No more connections, and the ones there are cut. */
  stop(): Promise<void>;
}

/** Speaks the orchestrator's HTTP shapes on a free port; it is gone with the test. */
export async function startOrchestrator(served: Served): Promise<FakeOrchestrator> {
  const chats: ChatBody[] = [];
  const drained: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += part;
    if (served.apiKey !== undefined && request.headers.authorization !== `Bearer ${served.apiKey}`) {
      sendError(response, 401, "invalid_api_key", "The API key is not valid here.");
    } else if (served.routes?.[`${request.method} ${request.url}`] !== undefined) {
      const body: unknown = text === "" ? undefined : JSON.parse(text);
      sendJson(response, served.routes[`${request.method} ${request.url}`]?.(body));
    } else if (request.url === "/v1/models") sendJson(response, list((served.models ?? []).map(modelNamed)));
    else if (request.url === "/cluster/v1/workers") sendJson(response, list(served.workers ?? []));
    else if (request.url === "/v1/chat/completions") {
      const body: ChatBody = JSON.parse(text);
      chats.push(body);
      (served.chat ?? echo)(response, body);
    } else if (request.method === "POST" && request.url?.endsWith("/drain")) {
      const worker = served.workers?.find(({ id }) => request.url === `/cluster/v1/workers/${id}/drain`);
      if (worker !== undefined) drained.push(worker.id);
      sendJson(response, { ...worker, state: "draining" }, 202);
    } else sendError(response, 404, "not_found", `There is no ${request.url} here.`);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const { url, stop } = await listenForTest(server);
  return { url, chats, drained, stop };
}

function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json", "x-muster-worker": "desk-1" });
  response.end(JSON.stringify(body));
}

export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, { error: { message, type: "some_error", param: null, code } }, status);
}

/** Sends pieces of an answer; `end` says how it ends, if it does. */
export function sendPieces(
  response: ServerResponse,
  pieces: readonly string[],
  end: "stop" | "length" | "open" = "stop",
): void {
  if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
  for (const content of pieces) sendChunk(response, [{ index: 0, delta: { content }, finish_reason: null }]);
  if (end === "open") return;
  sendChunk(response, [{ index: 0, delta: {}, finish_reason: end }]);
  const usage = { prompt_tokens: 3, completion_tokens: pieces.length, total_tokens: 3 + pieces.length };
  sendChunk(response, [], { usage });
  response.end("data: [DONE]\n\n");
}

export function sendEvent(response: ServerResponse, value: unknown): void {
  response.write(`data: ${JSON.stringify(value)}\n\n`);
}

function sendChunk(response: ServerResponse, choices: unknown[], extra: object = {}): void {
  sendEvent(response, {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    system_fingerprint: "muster-desk-1",
    choices,
    ...extra,
  });
}

function echo(response: ServerResponse, { stream, messages, model }: ChatBody): void {
  const content = messages.at(-1)?.content ?? "";
  if (stream) sendPieces(response, content.split(/(?<= )/));
  else {
    sendJson(response, {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model,
      choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    });
  }
}

function list<T>(data: readonly T[]) {
  return { object: "list", data, has_more: false };
}

export function modelNamed(id: string): Model {
  return {
    id,
    object: "model",
    created: 1,
    owned_by: "muster",
    slots: 8,
    replicas: 2,
    context_tokens: 8_192,
  };
}

export function workerNamed(name: string, changes: Partial<Worker> = {}): Worker {
  return {
    id: `wrk-${name}`,
    object: "worker",
    name,
    state: "ready",
    version: "0.1.0",
    connected_at: 1,
    last_heartbeat_at: Math.floor(Date.now() / 1_000),
    hardware: {
      hostname: name,
      platform: "linux",
      arch: "x64",
      cpu_model: "AMD Ryzen 7",
      physical_cores: 8,
      logical_cores: 16,
      ram_bytes: 32 * 2 ** 30,
      free_ram_bytes: 20 * 2 ** 30,
      backend: "cuda",
      gpus: [{ name: "RTX 4070", vram_bytes: 12 * 2 ** 30, free_vram_bytes: 4.5 * 2 ** 30 }],
    },
    replicas: [
      {
        id: "rep-1",
        model: "gemma-4-e4b-it",
        state: "ready",
        engine: "node-llama-cpp",
        slots: 4,
        slots_used: 1,
        context_tokens: 8_192,
        decode_tokens_per_second: 61.3,
        progress: null,
        error: null,
      },
    ],
    ...changes,
  };
}
