import { type OpenBody, openBody } from "./body.ts";
import { ConnectionError, errorOfResponse, MusterApiError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { pause } from "./pause.ts";
import { type ResponseInfo, withResponseInfo } from "./response-info.ts";
import { isRetryable, retryDelayMs } from "./retry.ts";
import { MusterStream } from "./stream.ts";
import type { Upload } from "./upload.ts";

/** What the SDK needs of fetch: any function that takes the same two arguments. */
export type FetchFunction = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Settings of one call; what is left out comes from the client.
 * @example await muster.models.list({ timeoutMs: 2_000, signal: AbortSignal.timeout(5_000) });
 */
export interface RequestOptions {
  /** Ends the call with an AbortedError; the worker stops. */
  readonly signal?: AbortSignal | undefined;
  /** How long one try may take to answer; for a stream, the longest silence. */
  readonly timeoutMs?: number | undefined;
  /** Tries after the first. */
  readonly maxRetries?: number | undefined;
  /** Sent besides the client's; the same name replaces. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface TransportSettings {
  /** Without a trailing slash. */
  readonly root: string;
  readonly timeoutMs: number;
  readonly maxRetries: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: FetchFunction;
}

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the server's root. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** Sent instead of `body`. */
  readonly upload?: Upload;
  readonly options: RequestOptions | undefined;
}

/** How resources talk to the server. Rejects with a MusterApiError, or a TypeError for options that cannot be. */
export interface Transport {
  json<T extends object>(call: Call): Promise<T & ResponseInfo>;
  stream<T>(call: Call, textOf: (item: T) => string): Promise<MusterStream<T>>;
  /** Whoever opens a body reads its chunks, or leaves them: nothing else ends the connection. */
  open(call: Call): Promise<OpenBody>;
}

export function createTransport(settings: TransportSettings): Transport {
  return {
    json: <T extends object>(call: Call) =>
      send(settings, call, async (response, exchange) => {
        const text = await response.text();
        exchange.complete();
        return withResponseInfo(parseAnswer(response, text, exchange.url) as T, response.headers);
      }),
    stream: <T>(call: Call, textOf: (item: T) => string) =>
      send(settings, call, async (response, exchange) => {
        exchange.stopClock();
        const contentType = response.headers.get("content-type") ?? "";
        if (contentType.startsWith("text/event-stream"))
          return new MusterStream({ response, exchange, textOf });
        throw unexpected(response, `${exchange.url} did not answer with a stream but with "${contentType}".`);
      }),
    open: (call: Call) =>
      send(settings, call, async (response, exchange) => {
        exchange.stopClock();
        return openBody(response, exchange);
      }),
  };
}

/** Tries until there is an answer. Reading a stream is outside: nothing is retried once it was handed out. */
async function send<T>(
  settings: TransportSettings,
  call: Call,
  read: (response: Response, exchange: Exchange) => Promise<T>,
): Promise<T> {
  const { options, upload } = call;
  const wantedRetries = checked("maxRetries", options?.maxRetries ?? settings.maxRetries, 0);
  const maxRetries = upload?.isRepeatable === false ? 0 : wantedRetries;
  const timeoutMs = checked("timeoutMs", options?.timeoutMs ?? settings.timeoutMs, 1);
  const init = initOf(settings, call);
  for (let retries = 0; ; retries++) {
    const exchange = new Exchange({ url: settings.root + call.path, timeoutMs, signal: options?.signal });
    try {
      return await tryOnce(settings, { init, upload, exchange }, read);
    } catch (thrown) {
      exchange.leave();
      // Node's fetch goes on reading a body that it cannot send any more.
      upload?.stop();
      const failure = upload?.failure();
      if (failure !== undefined) throw failure.error;
      const error = exchange.errorOf(thrown);
      if (retries >= maxRetries || !isWorthRetrying(error)) throw error;
      const delayMs = retryDelayMs(retries, error.headers, { random: Math.random(), wallMs: Date.now() });
      await pause(delayMs, options?.signal);
    }
  }
}

interface Try {
  readonly init: RequestInit;
  readonly upload: Upload | undefined;
  readonly exchange: Exchange;
}

async function tryOnce<T>(
  { fetch }: TransportSettings,
  { init, upload, exchange }: Try,
  read: (response: Response, exchange: Exchange) => Promise<T>,
): Promise<T> {
  const sent = await bodyInit(upload, exchange);
  // Called as a plain function: browsers refuse their fetch on any object but the window.
  const response = await fetch(exchange.url, { ...init, ...sent, signal: exchange.signal });
  try {
    if (response.ok) return await read(response, exchange);
    throw errorOfResponse(response, await response.text(), exchange.url);
  } catch (error) {
    throw exchange.errorOf(error, response.headers);
  }
}

function isWorthRetrying(error: MusterApiError): boolean {
  if (error instanceof ConnectionError) return true;
  return (
    error.status !== undefined &&
    error.status >= 400 &&
    isRetryable(error.status, error.headers ?? new Headers())
  );
}

function initOf(settings: TransportSettings, { method, body, upload, options }: Call): RequestInit {
  const headers = new Headers({ accept: "application/json, text/event-stream" });
  for (const given of [settings.headers, options?.headers ?? {}]) {
    for (const [name, value] of Object.entries(given)) headers.set(name, value);
  }
  if (upload !== undefined) headers.set("content-type", upload.contentType);
  if (body === undefined) return { method, headers };
  headers.set("content-type", "application/json");
  return { method, headers, body: JSON.stringify(body) };
}

async function bodyInit(upload: Upload | undefined, exchange: Exchange): Promise<RequestInit> {
  const body = await upload?.open(() => exchange.startClock());
  if (!(body instanceof ReadableStream)) return body === undefined ? {} : { body };
  // Without the last two Node's fetch keeps all that it has sent, for a redirect (undici 4058).
  return { body, duplex: "half", redirect: "error", window: null } as RequestInit;
}

function parseAnswer(response: Response, text: string, url: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {}
  const contentType = response.headers.get("content-type") ?? "no content type";
  throw unexpected(response, `${url} did not answer with JSON but with "${contentType}".`);
}

function unexpected(response: Response, message: string): MusterApiError {
  const { status, headers } = response;
  return new MusterApiError(`${message} Is the base URL that of a Muster server?`, { status, headers });
}

function checked(name: string, value: number, min: number): number {
  if (typeof value === "number" && value >= min) return value;
  throw new TypeError(`${name} is ${value}: it must be a number, ${min} or more.`);
}
