import { AbortedError, ConnectionError, StreamError } from "./errors.ts";
import type { Transport } from "./http.ts";
import { Outage, type OutageOptions } from "./outage.ts";
import { pause } from "./pause.ts";
import { type ServerSentEvent, SseParser } from "./sse.ts";
import { itemOf } from "./stream.ts";

/**
 * How to watch what has no end: it ends with the signal, without an error, or with an outage that is too long.
 * @example const options: WatchOptions = { signal: AbortSignal.timeout(60_000), onOutage: ({ message }) => show(message) };
 */
export interface WatchOptions extends OutageOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** One event: its name, and what its JSON stands for. */
export interface WatchedEvent {
  readonly event: string | undefined;
  readonly data: unknown;
  /** The connection that it came over: 0, then one more after each that broke. */
  readonly connection: number;
}

/** The server says something every ten seconds, if only that it is there. */
const longestSilenceMs = 30_000;
const betweenMs = 500;

export interface WatchSource<T> {
  readonly transport: Transport;
  readonly path: string;
  /** Called once for each loop; gives what makes an item of an event, or undefined where there is none in it. */
  readonly reader: () => (event: WatchedEvent) => T | undefined;
}

/** What comes over one path for as long as somebody reads it, over connections that break. Nothing begins before. */
export function watchEvents<T>(source: WatchSource<T>, options: WatchOptions): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const leaving = new AbortController();
      const events = follow(source, { ...options, leaving });
      return {
        next: () => events.next(),
        // Cut first: a generator that waits for the network would hear of it only with the next bytes.
        return: async () => {
          leaving.abort();
          await events.return();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

async function* follow<T>(
  { transport, path, reader }: WatchSource<T>,
  options: WatchOptions & { readonly leaving: AbortController },
): AsyncGenerator<T, void> {
  const read = reader();
  const { signal: outer, headers, leaving } = options;
  const { signal } = leaving;
  const leave = () => leaving.abort(outer?.reason);
  if (outer?.aborted) return;
  outer?.addEventListener("abort", leave, { once: true });
  const outage = new Outage({ ...options, signal });
  try {
    for (let connection = 0; ; connection++) {
      let hasHeard = false;
      try {
        for await (const { event, data } of eventsOf(transport, path, { signal, headers })) {
          outage.over();
          hasHeard = true;
          const item = read({ event, data, connection });
          if (item !== undefined) yield item;
        }
        if (!hasHeard) throw new ConnectionError("The server ended the stream before it said anything.");
      } catch (error) {
        await outage.wait(error);
        continue;
      }
      // It ends what goes on for long, and what it cannot finish before it stops: no reason to worry yet.
      await pause(betweenMs, signal);
    }
  } catch (error) {
    if (!(error instanceof AbortedError && signal.aborted)) throw error;
  } finally {
    outer?.removeEventListener("abort", leave);
  }
}

/** Until the connection is over. */
async function* eventsOf(
  transport: Transport,
  path: string,
  options: { readonly signal: AbortSignal; readonly headers: WatchOptions["headers"] },
): AsyncGenerator<{ readonly event: string | undefined; readonly data: unknown }, void> {
  const answer = await transport.open({
    method: "GET",
    path,
    options: { ...options, maxRetries: 0, timeoutMs: longestSilenceMs },
  });
  const parser = new SseParser();
  const parsed = (chunk: Uint8Array): ServerSentEvent[] => {
    try {
      return parser.push(chunk);
    } catch (cause) {
      const { status, headers } = answer;
      throw new StreamError((cause as Error).message, { code: "event_too_large", status, headers });
    }
  };
  for await (const chunk of answer.chunks()) {
    for (const event of parsed(chunk)) yield { event: event.event, data: itemOf<unknown>(event, answer) };
  }
}
