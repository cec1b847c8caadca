import { errorFields, type MusterApiError, StreamError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { type ResponseInfo, responseInfo } from "./response-info.ts";
import { type ServerSentEvent, SseParser } from "./sse.ts";

/** After the end marker the body should end too; then the connection can serve the next request. */
const bodyEndMs = 100;

/** @internal */
export interface StreamSource<T> {
  readonly response: Response;
  readonly exchange: Exchange;
  /** The text in one item, for `toText`. */
  readonly textOf: (item: T) => string;
}

/**
 * An answer as it is generated: read it once, with `for await` or with `toText()`. Leaving the loop cuts the
 * connection, and the worker stops. Iterating throws a MusterApiError: StreamError, ConnectionError, TimeoutError
 * (silence longer than `timeoutMs`) or AbortedError.
 * @example
 * const stream = await muster.chat.completions.create({ model, messages, stream: true });
 * for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
 */
export class MusterStream<T> implements AsyncIterable<T>, ResponseInfo {
  readonly requestId: string | undefined;
  readonly worker: string | undefined;
  readonly #source: StreamSource<T>;
  #isTaken = false;

  /** @internal */
  constructor(source: StreamSource<T>) {
    this.#source = source;
    const { requestId, worker } = responseInfo(source.response.headers);
    this.requestId = requestId;
    this.worker = worker;
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    if (this.#isTaken) {
      throw new TypeError(
        "This stream is being read or was read already. A stream is read once: keep what you need of it.",
      );
    }
    this.#isTaken = true;
    const { exchange } = this.#source;
    const items = itemsOf(this.#source);
    return {
      next: () => items.next(),
      // Cut first: a generator that waits for the network would hear of it only with the next bytes.
      return: async () => {
        exchange.leave();
        await items.return(undefined);
        return { done: true, value: undefined };
      },
    };
  }

  /** Reads to the end and gives the whole text, of the first choice where there are several. */
  async toText(): Promise<string> {
    let text = "";
    for await (const item of this) text += this.#source.textOf(item);
    return text;
  }

  /** Cuts the connection; the worker stops. A loop over the stream ends without an error. */
  abort(): void {
    this.#source.exchange.leave();
  }
}

async function* itemsOf<T>({ response, exchange }: StreamSource<T>): AsyncGenerator<T, undefined> {
  const { headers } = response;
  try {
    for await (const event of eventsOf(response, exchange)) {
      if (event.data === "[DONE]") return undefined;
      yield itemOf<T>(event, response);
    }
    if (exchange.hasLeft) return undefined;
    throw streamError(response, {
      message: "The stream ended without its end marker: the answer may be cut short.",
      code: "stream_truncated",
    });
  } catch (error) {
    if (exchange.hasLeft) return undefined;
    throw exchange.errorOf(error, headers);
  } finally {
    exchange.leave();
  }
}

/** Leaving this generator early waits a moment for the end of the body. */
async function* eventsOf(response: Response, exchange: Exchange): AsyncGenerator<ServerSentEvent, void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const parser = new SseParser();
  const guarded = (parse: () => ServerSentEvent[]) => {
    try {
      return parse();
    } catch (cause) {
      throw streamError(response, { message: (cause as Error).message, code: "event_too_large" });
    }
  };
  let isMarked = false;
  try {
    for (;;) {
      exchange.startClock();
      const { done, value } = await reader.read();
      exchange.stopClock();
      if (done) exchange.complete();
      const events = guarded(() => (done ? parser.end() : parser.push(value)));
      for (const event of events) {
        isMarked = event.data === "[DONE]";
        yield event;
      }
      if (done) return;
    }
  } finally {
    if (isMarked && (await endsSoon(reader))) exchange.complete();
  }
}

async function endsSoon(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), bodyEndMs);
  });
  const end = reader.read().then(
    ({ done }) => done,
    () => false,
  );
  const hasEnded = await Promise.race([end, late]);
  clearTimeout(timer);
  return hasEnded;
}

/** What is in an event. Throws a StreamError for what is no JSON, and for an error that the server tells of. */
export function itemOf<T>(event: ServerSentEvent, response: Pick<Response, "status" | "headers">): T {
  let value: unknown;
  try {
    value = JSON.parse(event.data);
  } catch {
    throw streamError(response, {
      message: `The stream holds an event of ${event.data.length} characters that is not JSON.`,
      code: "invalid_event",
    });
  }
  const failure = errorFields(value);
  if (failure !== undefined) throw streamError(response, failure);
  if (event.event === "error")
    throw streamError(response, { message: "The server reported an error in the stream." });
  return value as T;
}

function streamError(
  response: Pick<Response, "status" | "headers">,
  { message, ...details }: { readonly message: string; readonly code?: string | undefined },
): MusterApiError {
  return new StreamError(message, { ...details, status: response.status, headers: response.headers });
}
