import { MusterError } from "@muster/base";
import type { BlobFeed, BlobFlow } from "../../ports/blob-feed.ts";
import type { DownloadTarget } from "../../ports/model-download.ts";
import type { ModelOrigin, WantedFile } from "../../ports/model-origin.ts";
import {
  type DownloadTools,
  downloadTools,
  growingRoom,
  type KeptDownloadOptions,
  keepDownload,
  requireRoom,
  type TransferTools,
  watchIdle,
} from "../common/kept-download.ts";
import type { PartFile } from "../common/part-file.ts";
import { networkReason, PassingFailure, type RetryPolicy, retrying } from "../common/retry.ts";

export type FeedOriginOptions = KeptDownloadOptions & { readonly feed: BlobFeed };

/** Somebody else can be asked as well: patience is short. */
const impatience: RetryPolicy = { baseMs: 300, maxMs: 3_000, maxFruitless: 3, maxTries: 50 };

/** Model files from a machine nearby, as whole and as checked as those from the hub, into the same unfinished files. */
export function createFeedOrigin(options: FeedOriginOptions): ModelOrigin {
  const { feed } = options;
  const tools = downloadTools({ retry: impatience, ...options });
  return {
    async locate(file, signal) {
      const first = await ask(file, { feed, tools, signal });
      const sha256 = file.sha256 ?? first.sha256;
      return {
        ...{ sha256: first.sha256, bytes: first.totalBytes, commit: undefined },
        fetch: (target) =>
          keepDownload(
            {
              ...target,
              url: file.source,
              place: `${file.source.replace(/\?.*$/s, "?…")} from the mirror`,
              sha256,
              bytes: file.bytes ?? first.totalBytes,
              // Its last piece vouches for the whole file, whatever was known before.
              canContinue: () => true,
              transfer: (part, transferTools) =>
                transfer(part, { file, feed, target, sha256 }, transferTools),
            },
            tools,
          ),
      };
    },
  };
}

/** What the other side says of the file before it sends it. */
async function ask(
  file: WantedFile,
  context: { readonly feed: BlobFeed; readonly tools: DownloadTools; readonly signal: AbortSignal },
): Promise<Pick<BlobFlow, "totalBytes" | "sha256">> {
  const { feed, tools, signal } = context;
  const what = `Asking the mirror about ${file.source.replace(/\?.*$/s, "?…")}`;
  return await retrying(what, { ...tools, signal }, async () => {
    const idle = watchIdle(tools);
    try {
      const { source, sha256 } = file;
      const flow = await feed.open({ source, sha256, offset: 0 }, AbortSignal.any([signal, idle.signal]));
      flow.close();
      return flow;
    } catch (error) {
      // It has its hands full, and is asked again when it is this file's turn.
      if (isBusy(error)) return { totalBytes: undefined, sha256: undefined };
      throw passing(error, { isIdle: idle.signal.aborted, idleMs: tools.idleMs, hasAdvanced: false });
    } finally {
      idle.stop();
    }
  });
}

interface Sending {
  readonly file: WantedFile;
  readonly feed: BlobFeed;
  readonly target: DownloadTarget;
  readonly sha256: string | undefined;
}

async function transfer(part: PartFile, sending: Sending, tools: TransferTools): Promise<string | undefined> {
  const { file, feed, target, sha256 } = sending;
  const startBytes = part.doneBytes;
  if (sha256 !== undefined && startBytes > 0 && startBytes === part.note?.totalBytes) return undefined;
  const idle = watchIdle(tools);
  let flow: BlobFlow | undefined;
  try {
    const signal = AbortSignal.any([target.signal, idle.signal]);
    flow = await feed.open({ source: file.source, sha256, offset: startBytes }, signal);
    idle.touch();
    await receive(part, flow, { ...sending, tools, onPiece: () => idle.touch() });
    return flow.finalSha256();
  } catch (error) {
    const hasAdvanced = part.doneBytes > startBytes;
    throw passing(error, { isIdle: idle.signal.aborted, idleMs: tools.idleMs, hasAdvanced });
  } finally {
    idle.stop();
    flow?.close();
  }
}

async function receive(
  part: PartFile,
  flow: BlobFlow,
  context: Sending & { readonly tools: TransferTools; readonly onPiece: () => void },
): Promise<void> {
  const { file, target, sha256, tools, onPiece } = context;
  const { totalBytes } = flow;
  if (sha256 !== undefined && flow.sha256 !== undefined && flow.sha256 !== sha256) {
    await part.restart();
    throw new MusterError("model_load_failed", `The mirror has another file for ${file.source} than before.`);
  }
  if (totalBytes !== undefined) {
    const request = { ...target, place: `${file.source} from the mirror`, bytes: file.bytes };
    await requireRoom(part, request, { totalBytes, tools });
  }
  await part.beginPiece({ url: file.source, etag: undefined, totalBytes, sha256 });
  const room = growingRoom(target);
  for await (const piece of flow.pieces()) {
    onPiece();
    if (piece.length === 0) continue;
    if (totalBytes !== undefined && part.doneBytes + piece.length > totalBytes) {
      await part.restart();
      throw new PassingFailure("the mirror sent more bytes than it announced");
    }
    if (totalBytes === undefined) await room(part.doneBytes + piece.length);
    await part.append(piece);
    tools.gate.report({ doneBytes: part.doneBytes, totalBytes });
  }
  const missing = totalBytes !== undefined && part.doneBytes < totalBytes;
  if (missing || flow.finalSha256() === undefined) {
    throw new Error(`the mirror ended at ${part.doneBytes} of ${totalBytes ?? "unknown"} bytes`);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof MusterError && error.code === "queue_full";
}

function passing(
  error: unknown,
  about: { readonly isIdle: boolean; readonly idleMs: number; readonly hasAdvanced: boolean },
): Error {
  if (error instanceof PassingFailure || (error instanceof MusterError && !isBusy(error))) return error;
  const reason = about.isIdle ? `nothing arrived for ${about.idleMs} ms` : networkReason(error);
  return new PassingFailure(reason, { cause: error, hasAdvanced: about.hasAdvanced });
}
