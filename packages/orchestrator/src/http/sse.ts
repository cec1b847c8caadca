import type { ServerResponse } from "node:http";

/** Sent while there is nothing to say, so that no proxy or client takes the stream for dead. */
const keepaliveMs = 10_000;

/** One response as a stream of server-sent events. */
export class EventStream {
  readonly #response: ServerResponse;
  #keepalive: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  open(headers: Readonly<Record<string, string>>): void {
    this.#response.writeHead(200, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    this.#response.flushHeaders();
    this.#keepalive = setInterval(() => this.#response.write(": keepalive\n\n"), keepaliveMs);
  }

  /** Sends one event; resolves when the client has room for more, or is gone. */
  send(data: unknown): Promise<void> | undefined {
    return this.#write(`data: ${JSON.stringify(data)}\n\n`);
  }

  /** Ends the stream: OpenAI's marker, and the end of the body, which some clients wait for instead. */
  close(): void {
    clearInterval(this.#keepalive);
    this.#response.end("data: [DONE]\n\n");
  }

  /** Ends the stream after a failure that came too late for a status. */
  fail(body: unknown): void {
    clearInterval(this.#keepalive);
    this.#response.end(`data: ${JSON.stringify(body)}\n\n`);
  }

  #write(text: string): Promise<void> | undefined {
    const response = this.#response;
    if (response.destroyed || response.write(text)) {
      this.#keepalive?.refresh();
      return undefined;
    }
    return new Promise((resolve) => {
      const go = () => {
        response.off("drain", go);
        response.off("close", go);
        resolve();
      };
      response.once("drain", go);
      response.once("close", go);
    });
  }
}
