import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface SeenRequest {
  readonly path: string;
  readonly key: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** Settles when the connection is closed, by whomever. */
  readonly closed: Promise<void>;
}

export type Route = (response: ServerResponse, request: SeenRequest) => void;

export interface ScriptedServer {
  readonly baseUrl: string;
  readonly seen: readonly SeenRequest[];
  /** What a path answers from now on. */
  on(path: string, route: Route): void;
  /** Settles with the next request for the path. */
  next(path: string): Promise<SeenRequest>;
  stop(): Promise<void>;
}

/** A real HTTP server that answers what a test says; what it was not told about is 404. */
export async function startScriptedServer(routes: Readonly<Record<string, Route>>): Promise<ScriptedServer> {
  const known = new Map(Object.entries(routes));
  const seen: SeenRequest[] = [];
  const waiting: { readonly path: string; readonly wake: (request: SeenRequest) => void }[] = [];

  const server = createServer((request, response) => void answer(request, response));
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const closed = new Promise<void>((resolve) => response.on("close", resolve));
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const text = Buffer.concat(chunks).toString();
    const path = request.url ?? "";
    const one: SeenRequest = {
      path,
      key: request.headers.authorization,
      body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
      closed,
    };
    seen.push(one);
    const route = known.get(path);
    if (route === undefined) json({ error: { message: `no ${path}` } }, 404)(response, one);
    else route(response, one);
    for (const each of waiting.filter((waiter) => waiter.path === path)) {
      waiting.splice(waiting.indexOf(each), 1);
      each.wake(one);
    }
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(stop);
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    seen,
    on: (path, route) => void known.set(path, route),
    next: (path) => new Promise((wake) => waiting.push({ path, wake })),
    stop,
  };
}

export function json(body: unknown, status = 200): Route {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
}

/** A list of models, each with what else is said of it. */
export function models(...list: readonly Readonly<Record<string, unknown>>[]): Route {
  return json({ object: "list", data: list.map((model) => ({ object: "model", ...model })) });
}

/** An event stream of these pieces, as they are. `then`: what follows; undefined: the end. */
export function stream(pieces: readonly string[], then?: (response: ServerResponse) => void): Route {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const piece of pieces) response.write(piece);
    if (then === undefined) response.end();
    else then(response);
  };
}

export function event(body: unknown): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}

export function textEvent(content: string, finish: string | null = null): string {
  return event({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] });
}
