import { dirname } from "node:path";
import { type Clock, MusterError, type Reach } from "@muster/base";
import type { DownloadRequest } from "../../ports/model-download.ts";
import {
  growingRoom,
  type IdleWatch,
  requireRoom,
  reservedDiskBytes,
  type TransferTools,
  watchIdle,
} from "../common/kept-download.ts";
import { canContinue, isStrongTag, type PartFile, type PartNote } from "../common/part-file.ts";
import { sendFollowing } from "../common/redirects.ts";
import { isPassingStatus, networkReason, PassingFailure, readRetryAfterMs } from "../common/retry.ts";

/**
 * One try: asks for what is missing and appends what comes. Throws PassingFailure where another try may help, and
 * MusterError `model_load_failed` where none will.
 */
export async function transfer(
  part: PartFile,
  request: DownloadRequest,
  tools: TransferTools & { readonly reach: Reach },
): Promise<void> {
  const isComplete = part.doneBytes > 0 && part.doneBytes === part.note?.totalBytes;
  if (isComplete) return;
  const startBytes = part.doneBytes;
  const idle = watchIdle(tools);
  try {
    await receive(part, request, { ...tools, idle });
  } catch (error) {
    if (error instanceof MusterError || error instanceof PassingFailure) throw error;
    const reason = idle.signal.aborted ? `nothing arrived for ${tools.idleMs} ms` : networkReason(error);
    throw new PassingFailure(reason, { cause: error, hasAdvanced: part.doneBytes > startBytes });
  } finally {
    idle.stop();
  }
}

async function receive(
  part: PartFile,
  request: DownloadRequest,
  tools: TransferTools & { readonly idle: IdleWatch; readonly reach: Reach },
): Promise<void> {
  const response = await sendFollowing({
    method: "GET",
    url: request.url,
    headers: rangeHeaders(part),
    token: request.token,
    reach: tools.reach,
    signal: AbortSignal.any([request.signal, tools.idle.signal]),
  });
  try {
    await begin(part, response, { request, tools });
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
  const startBytes = part.doneBytes;
  const totalBytes = part.note?.totalBytes;
  const limitBytes =
    totalBytes ?? startBytes + (await tools.freeDiskBytes(dirname(part.path))) - reservedDiskBytes;
  const room = growingRoom(request);
  for await (const chunk of response.body ?? []) {
    tools.idle.touch();
    if (part.doneBytes + chunk.length > limitBytes) throw await tooLong(part, request);
    if (totalBytes === undefined) await room(part.doneBytes + chunk.length);
    await part.append(chunk);
    tools.gate.report({ doneBytes: part.doneBytes, totalBytes });
  }
  if (totalBytes !== undefined && part.doneBytes < totalBytes) {
    throw new PassingFailure(`the connection ended at ${part.doneBytes} of ${totalBytes} bytes`, {
      hasAdvanced: part.doneBytes > startBytes,
    });
  }
}

function rangeHeaders(part: PartFile): Record<string, string> {
  const { note } = part;
  if (part.doneBytes === 0 || note === undefined || !canContinue(note)) return {};
  const range = { range: `bytes=${part.doneBytes}-` };
  return isStrongTag(note.etag) ? { ...range, "if-range": note.etag } : range;
}

/** Reads the answer's head, and makes the part file fit what will come. */
async function begin(
  part: PartFile,
  response: Response,
  context: { readonly request: DownloadRequest; readonly tools: TransferTools },
): Promise<void> {
  const { request, tools } = context;
  const etag = response.headers.get("etag") ?? undefined;
  if (response.status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    const known = part.note;
    const isOtherFile = known?.etag !== undefined && etag !== undefined && known.etag !== etag;
    if (range === null || Number(range[1]) !== part.doneBytes || isOtherFile) {
      await part.restart();
      throw new PassingFailure("the file changed on the server while it was being fetched");
    }
    const totalBytes = range[2] === "*" ? known?.totalBytes : Number(range[2]);
    await accept(
      part,
      { url: request.url, etag: etag ?? known?.etag, totalBytes, sha256: request.sha256 },
      context,
    );
    return;
  }
  if (response.status === 200) {
    if (part.doneBytes > 0) {
      tools.log.info({ target: request.target, lostBytes: part.doneBytes }, "download starts over");
      await part.restart();
    }
    const totalBytes = readLength(response);
    await accept(part, { url: request.url, etag, totalBytes, sha256: request.sha256 }, context);
    return;
  }
  if (response.status === 416) {
    await part.restart();
    throw new PassingFailure("the server has fewer bytes than were fetched before");
  }
  throw statusFailure(response, request, tools.clock);
}

async function accept(
  part: PartFile,
  note: PartNote,
  context: { readonly request: DownloadRequest; readonly tools: TransferTools },
): Promise<void> {
  const { request, tools } = context;
  const { totalBytes } = note;
  if (totalBytes !== undefined) {
    await requireRoom(part, { ...request, place: place(request) }, { totalBytes, tools });
  }
  await part.beginPiece(note);
}

async function tooLong(part: PartFile, request: DownloadRequest): Promise<Error> {
  if (part.note?.totalBytes === undefined) {
    return new MusterError(
      "model_load_failed",
      `${place(request)} does not say how long it is and fills the disk of ${dirname(part.path)} ` +
        `(${part.doneBytes} bytes so far): free some space, or choose another model directory.`,
    );
  }
  await part.restart();
  return new PassingFailure("the server sent more bytes than it announced");
}

function statusFailure(response: Response, request: DownloadRequest, clock: Clock): Error {
  const { status } = response;
  if (isPassingStatus(status)) {
    const retryAfterMs = readRetryAfterMs(response.headers.get("retry-after"), clock.wallMs());
    return new PassingFailure(`the server answered ${status}`, { retryAfterMs });
  }
  const advice =
    status === 401 || status === 403
      ? "the server wants to know who asks, or does not give it to you: check the address and the access token"
      : "check the address";
  return new MusterError("model_load_failed", `${place(request)}: the server answered ${status}; ${advice}.`);
}

function readLength(response: Response): number | undefined {
  // A compressed answer's length says nothing about the bytes that come out.
  if (response.headers.has("content-encoding")) return undefined;
  const length = response.headers.get("content-length");
  return length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
}

function place(request: DownloadRequest): string {
  const { origin, pathname } = new URL(request.url);
  return origin + pathname;
}
