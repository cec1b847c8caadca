import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { type Clock, MusterError } from "@muster/base";
import { parseJson } from "./json-fields.ts";

/** Where an HTTP server is reached. */
export interface HttpTarget {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** A Unix socket that is dialled instead of the URL's host. */
  readonly socketPath?: string | undefined;
  /** Sent as a bearer token. */
  readonly key?: string | undefined;
  readonly clock: Clock;
}

export interface HttpCall {
  readonly method: "GET" | "POST";
  /** Begins with a slash; goes behind the target's base URL. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
  /** How long the server may send nothing at all. */
  readonly silenceMs: number;
}

export interface HttpReply {
  readonly status: number;
  /** Read it to its end or leave the loop: either frees the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The server could not be talked to. `refused`: nobody listens there. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  readonly kind: "refused" | "lost" | "silent" | "aborted";

  constructor(kind: HttpFailure["kind"], message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

const nobodyListens = new Set(["ECONNREFUSED", "ENOENT", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);
/** Vectors of a few hundred texts stay far below. */
export const maxJsonBytes = 256 * 1024 * 1024;

/**
 * Sends a request, a connection of its own: a kept one that the server has closed just now would look like a crash.
 * Node's fetch is no choice, since it gives up after 300 seconds without a header or a byte and cannot be told otherwise.
 * Throws HttpFailure.
 */
export async function callHttp(target: HttpTarget, call: HttpCall): Promise<HttpReply> {
  const { signal } = call;
  if (signal.aborted) throw aborted();
  const response = await send(target, call);
  return { status: response.statusCode ?? 0, body: readBody(response, target, call) };
}

/** The whole reply as JSON; undefined where it is none. Throws HttpFailure. */
export async function callForJson(
  target: HttpTarget,
  call: HttpCall,
): Promise<{ readonly status: number; readonly json: unknown }> {
  const reply = await callHttp(target, call);
  return { status: reply.status, json: parseJson(await readText(reply, maxJsonBytes)) };
}

/** The whole body as text. Throws HttpFailure, and MusterError `engine_failed` where it is longer than `maxBytes`. */
export async function readText(reply: HttpReply, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of reply.body) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new MusterError("engine_failed", `The upstream sent more than ${maxBytes} bytes in one reply.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(target: HttpTarget, call: HttpCall): Promise<IncomingMessage> {
  const url = new URL(target.baseUrl + call.path);
  const payload = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      method: call.method,
      agent: false,
      signal: call.signal,
      ...(target.socketPath === undefined ? {} : { socketPath: target.socketPath }),
      headers: {
        accept: "application/json, text/event-stream",
        ...(target.key === undefined ? {} : { authorization: `Bearer ${target.key}` }),
        ...(payload === undefined
          ? {}
          : { "content-type": "application/json", "content-length": payload.length }),
      },
    });
    const stopTimer = target.clock.after(call.silenceMs, () => request.destroy(silence(call.silenceMs)));
    request.on("response", (response) => {
      stopTimer();
      // Its reader learns of errors; one before there is a reader must not end the process.
      response.on("error", () => {});
      resolve(response);
    });
    // Stays: an error after the response reaches its reader, and must not end the process.
    request.on("error", (error) => {
      stopTimer();
      reject(asFailure(error, call.signal));
    });
    request.end(payload);
  });
}

async function* readBody(
  response: IncomingMessage,
  target: HttpTarget,
  { signal, silenceMs }: HttpCall,
): AsyncGenerator<Uint8Array, void> {
  const chunks = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      // Runs only while we wait: a slow reader of ours is not the server's silence.
      const stopTimer = target.clock.after(silenceMs, () => response.destroy(silence(silenceMs)));
      const next = await chunks.next().finally(stopTimer);
      if (next.done === true) return;
      yield next.value as Uint8Array;
    }
  } catch (error) {
    throw asFailure(error, signal);
  } finally {
    response.destroy();
  }
}

function asFailure(error: unknown, signal: AbortSignal): HttpFailure {
  if (error instanceof HttpFailure) return error;
  if (signal.aborted) return aborted();
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = error instanceof Error ? error.message || code : String(error);
  return new HttpFailure(nobodyListens.has(code) ? "refused" : "lost", reason || code, error);
}

function aborted(): HttpFailure {
  return new HttpFailure("aborted", "the request was cancelled");
}

function silence(silenceMs: number): HttpFailure {
  return new HttpFailure("silent", `it sent nothing for ${Math.round(silenceMs / 1000)} seconds`);
}
