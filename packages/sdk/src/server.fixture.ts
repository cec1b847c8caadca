import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface SeenRequest {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingMessage["headers"];
  /** Of JSON, the value; else the text. */
  readonly body: unknown;
  /** Tells connections apart. */
  readonly clientPort: number | undefined;
}

export interface TestServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}

export type Answer = (response: ServerResponse, seen: SeenRequest, index: number) => void;

/** An HTTP server that answers as the test says, on a free port; it is gone with the test. */
export async function startServer(answer: Answer): Promise<TestServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += part;
    const one = {
      method: request.method,
      path: request.url,
      headers: request.headers,
      body: bodyOf(request.headers["content-type"], text),
      clientPort: request.socket.remotePort,
    };
    seen.push(one);
    answer(response, one, seen.length - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function bodyOf(contentType: string | undefined, text: string): unknown {
  if (text === "") return undefined;
  return contentType?.startsWith("multipart/") ? text : JSON.parse(text);
}

/** An address where nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

export function openStream(response: ServerResponse, headers: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "text/event-stream", ...headers });
  response.flushHeaders();
}

/** A chunk of a streamed chat answer, as it goes over the wire. */
export function chunkEvent(content: string, extra: Record<string, unknown> = {}): string {
  return `data: ${JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
    ...extra,
  })}\n\n`;
}

export const done = "data: [DONE]\n\n";

export const question = { model: "m", messages: [{ role: "user", content: "hello" }] } as const;

export const completion = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};
