import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listenForTest } from "./listen-for-test.fixture.ts";

export interface LiveServer {
  readonly url: string;
  /** Paths that were asked for, with their queries. */
  readonly asked: readonly string[];
  /** An event on every stream that is open. */
  send(event: string, data: unknown): void;
  /** Resolves once so many streams have been opened in all. */
  untilOpened(count: number): Promise<void>;
  /** Ends every stream. */
  cut(): void;
  /** From now on nobody is let in. */
  refuse(status: number, message: string): void;
}

/** An orchestrator that streams what the test says, first the events in `opening`, and answers with JSON by path. */
export async function startLiveServer(
  opening: readonly (readonly [event: string, data: unknown])[],
  routes: Readonly<Record<string, unknown>> = {},
): Promise<LiveServer> {
  const asked: string[] = [];
  const streams = new Set<ServerResponse>();
  const waiting = new Set<() => void>();
  let opened = 0;
  let refusal: { readonly status: number; readonly message: string } | undefined;
  const server = createServer((request: IncomingMessage, response) => {
    const { url = "" } = request;
    asked.push(url);
    const { pathname, searchParams } = new URL(url, "http://localhost");
    if (refusal !== undefined) return json(response, { error: { message: refusal.message } }, refusal.status);
    if (pathname === "/cluster/v1/live" || searchParams.has("follow")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const [event, data] of opening) response.write(textOf(event, data));
      streams.add(response);
      opened += 1;
      for (const look of waiting) look();
      return void response.on("close", () => streams.delete(response));
    }
    const body = routes[pathname];
    if (body === undefined) return json(response, { error: { message: `There is no ${pathname}.` } }, 404);
    return json(response, body);
  });
  const { url } = await listenForTest(server);
  return {
    url,
    asked,
    send: (event, data) => {
      for (const stream of streams) stream.write(textOf(event, data));
    },
    untilOpened: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (opened < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    cut: () => {
      for (const stream of streams) stream.destroy();
    },
    refuse: (status, message) => {
      refusal = { status, message };
    },
  };
}

function textOf(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
