import type { ServerResponse } from "node:http";

/** Sent while there is nothing to say, so that no proxy or client takes the stream for dead. */
const keepaliveMs = 10_000;
/** A client that has no room for more is cut off after this time. */
const unreadLimitMs = 30_000;

/** One response as a stream of server-sent events. */
export class EventStream {
  readonly #response: ServerResponse;
  #keepalive: NodeJS.Timeout | undefined;
  /** While the client has no room: several choices of one answer wait for the same drain. */
  #room: Promise<void> | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    // A client that is gone is seen by its closed connection.
    response.on("error", () => {});
    response.once("close", () => clearInterval(this.#keepalive));
  }

  open(headers: Readonly<Record<string, string>>): void {
    this.#response.writeHead(200, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    this.#response.flushHeaders();
    if (this.#response.destroyed) return;
    this.#keepalive = setInterval(() => void this.#write(": keepalive\n\n"), keepaliveMs);
  }

  /** Sends one event; resolves when the client has room for more, or is gone. */
  send(data: unknown, event?: string): Promise<void> | undefined {
    const name = event === undefined ? "" : `event: ${event}\n`;
    return this.#write(`${name}data: ${JSON.stringify(data)}\n\n`);
  }

  /** As `send`, of an event that is put in words already. */
  sendText(text: string): Promise<void> | undefined {
    return this.#write(text);
  }

  /** What clients skip, and people who look at the bytes can read. */
  comment(text: string): void {
    void this.#write(`: ${text.replace(/[\r\n]+/g, " ")}\n\n`);
  }

  /** Ends the stream and the body, which some clients wait for; `marker` is a last line of data before it. */
  close(marker?: string): void {
    clearInterval(this.#keepalive);
    if (this.#response.writableEnded) return;
    this.#response.end(marker === undefined ? undefined : `data: ${marker}\n\n`);
  }

  #write(text: string): Promise<void> | undefined {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return undefined;
    this.#keepalive?.refresh();
    if (response.write(text)) return undefined;
    this.#room ??= this.#untilRoom();
    return this.#room;
  }

  #untilRoom(): Promise<void> {
    const response = this.#response;
    return new Promise((resolve) => {
      // Whoever does not read for this long holds memory for nothing.
      const giveUp = setTimeout(() => response.destroy(), unreadLimitMs);
      const go = () => {
        clearTimeout(giveUp);
        response.off("drain", go);
        response.off("close", go);
        this.#room = undefined;
        resolve();
      };
      response.once("drain", go);
      response.once("close", go);
    });
  }
}
