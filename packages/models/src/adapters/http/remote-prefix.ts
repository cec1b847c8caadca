import { type Clock, type Log, MusterError, type Reach } from "@muster/base";
import type { GgufSource } from "../common/gguf-prefix.ts";
import { sendFollowing } from "../common/redirects.ts";
import {
  isPassingStatus,
  networkReason,
  PassingFailure,
  type RetryPolicy,
  readRetryAfterMs,
  retrying,
} from "../common/retry.ts";

export interface RemoteTools {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly policy: RetryPolicy;
  readonly reach: Reach;
  /** How long one question may take. */
  readonly timeoutMs: number;
}

export interface RemoteFile {
  readonly url: string;
  /** The URL's own origin alone may see it. */
  readonly token: string | undefined;
  /** Undefined: not known before it is asked. */
  readonly bytes: number | undefined;
}

/** Ten times what the longest headers have: it is all kept in memory. */
const maxHeaderBytes = 64 * 1024 * 1024;

/** The beginning of a file behind a URL, fetched range by range: what was read once is not fetched again. */
export async function openRemote(
  file: RemoteFile,
  tools: RemoteTools,
  signal: AbortSignal,
): Promise<GgufSource> {
  const place = placeOf(file.url);
  let have: Uint8Array = new Uint8Array();
  let bytes = file.bytes;
  const fetchUpTo = async (length: number): Promise<void> => {
    const piece = await retrying(`Reading ${place}`, { ...tools, signal }, () =>
      fetchRange(file, { from: have.length, length }, { ...tools, signal }),
    );
    if (bytes !== undefined && piece.totalBytes !== undefined && piece.totalBytes !== bytes)
      throw failed(`${place} is ${piece.totalBytes} bytes there, but ${bytes} were announced. Try again.`);
    bytes ??= piece.totalBytes;
    have = piece.from === 0 ? piece.content : joined(have, piece.content);
  };
  if (bytes === undefined) await fetchUpTo(1);
  if (bytes === undefined) throw failed(`${place} does not say how long it is: give another address.`);
  return {
    place,
    bytes,
    maxHeaderBytes,
    async read(length) {
      if (have.length < length) await fetchUpTo(length);
      return have.subarray(0, length);
    },
  };
}

interface Piece {
  /** Where it begins; 0 from a server that gives no ranges. */
  readonly from: number;
  readonly content: Uint8Array;
  readonly totalBytes: number | undefined;
}

async function fetchRange(
  file: RemoteFile,
  range: { readonly from: number; readonly length: number },
  tools: RemoteTools & { readonly signal: AbortSignal },
): Promise<Piece> {
  const timeout = AbortSignal.timeout(tools.timeoutMs);
  try {
    const response = await sendFollowing({
      method: "GET",
      url: file.url,
      headers: { range: `bytes=${range.from}-${range.length - 1}` },
      token: file.token,
      reach: tools.reach,
      signal: AbortSignal.any([tools.signal, timeout]),
    });
    return await readPiece(response, range, { ...tools, place: placeOf(file.url) });
  } catch (error) {
    if (error instanceof MusterError || error instanceof PassingFailure) throw error;
    const reason = timeout.aborted ? `nothing came within ${tools.timeoutMs} ms` : networkReason(error);
    throw new PassingFailure(reason, { cause: error });
  }
}

async function readPiece(
  response: Response,
  { from, length }: { readonly from: number; readonly length: number },
  { place, clock }: RemoteTools & { readonly place: string },
): Promise<Piece> {
  const { status, headers } = response;
  if (status === 206) {
    const found = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "");
    if (found !== null && Number(found[1]) === from) {
      return { from, content: await readSome(response, length - from), totalBytes: Number(found[2]) };
    }
    await response.body?.cancel();
    throw failed(`${place} answers with another range than was asked for: give another address.`);
  }
  if (status === 200) {
    const total = headers.get("content-length");
    const content = await readSome(response, length);
    return { from: 0, content, totalBytes: total === null ? undefined : Number(total) };
  }
  await response.body?.cancel();
  if (isPassingStatus(status)) {
    const retryAfterMs = readRetryAfterMs(headers.get("retry-after"), clock.wallMs());
    throw new PassingFailure(`the server answered ${status}`, { retryAfterMs });
  }
  throw failed(`${place}: the server answered ${status}. Check the address, and whether it needs a token.`);
}

/** The first `length` bytes of a body; the rest is not waited for. */
async function readSome(response: Response, length: number): Promise<Uint8Array> {
  const content = new Uint8Array(length);
  let filled = 0;
  for await (const chunk of response.body ?? []) {
    const part: Uint8Array = chunk.subarray(0, length - filled);
    content.set(part, filled);
    filled += part.length;
    if (filled === length) break;
  }
  return content.subarray(0, filled);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** Queries may hold keys: they stay out of messages. */
function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

function failed(message: string): MusterError {
  return new MusterError("model_load_failed", message);
}
