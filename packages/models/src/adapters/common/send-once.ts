import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { checkedLookup, type Reach } from "@muster/base";

type WebBody = NonNullable<Response["body"]>;

/** Statuses whose answers have no body. */
const bodiless = new Set([204, 205, 304]);
/** For servers that compress whatever they are asked. */
const decoders = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress };

/**
 * One request without redirects, to an address that was checked: `fetch` has no hook between the lookup of a name and
 * the connection. Rejects with RefusedHost where the host may not be connected to; network errors come as they are.
 */
export async function sendOnce(
  url: URL,
  request: {
    readonly method: "GET" | "HEAD";
    readonly headers: Readonly<Record<string, string>>;
    readonly reach: Reach;
    readonly signal: AbortSignal;
  },
): Promise<Response> {
  const { method, headers, signal } = request;
  const lookup = checkedLookup(url, request.reach);
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return await new Promise((resolve, reject) => {
    // Without an agent: no connection is kept, so none is used again for a name that leads elsewhere by then.
    const sent = send(url, { method, agent: false, headers, lookup, signal }, (answer) => {
      try {
        resolve(asResponse(answer, method));
      } catch (error) {
        answer.destroy();
        reject(error);
      }
    });
    sent.on("error", reject);
    sent.end();
  });
}

function asResponse(answer: IncomingMessage, method: string): Response {
  const status = answer.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  if (method !== "HEAD" && !bodiless.has(status))
    return new Response(bodyOf(answer, headers.get("content-encoding")), { status, headers });
  answer.resume();
  return new Response(null, { status, headers });
}

function bodyOf(answer: IncomingMessage, encoding: string | null): WebBody {
  const decoder = Object.entries(decoders).find(([name]) => name === encoding?.trim().toLowerCase())?.[1]();
  if (decoder === undefined) return asWeb(answer);
  answer.on("error", (error) => decoder.destroy(error));
  decoder.on("close", () => answer.destroy());
  return asWeb(answer.pipe(decoder));
}

function asWeb(readable: Readable): WebBody {
  // The same class under two names: that of Node's types, and that of the web's.
  return Readable.toWeb(readable) as WebBody;
}
