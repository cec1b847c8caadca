import { rm, stat, statfs } from "node:fs/promises";
import { type Clock, type Log, MusterError, systemClock } from "@muster/base";
import type { DownloadedFile, DownloadRequest, ModelDownload } from "../../ports/model-download.ts";
import { hashFile } from "../common/hash-file.ts";
import { cancelled, defaultRetry, type RetryPolicy, retrying } from "../common/retry.ts";
import { type DownloadLock, takeDownloadLock } from "./download-lock.ts";
import { PartFile, partPath, readNote } from "./part-file.ts";
import { createProgressGate, type ProgressGate } from "./progress-gate.ts";
import { transfer } from "./transfer.ts";

export interface ModelDownloadOptions {
  readonly log: Log;
  readonly clock?: Clock;
  /** Uniform draws from [0, 1), for the delays between tries. */
  readonly random?: () => number;
  readonly retry?: RetryPolicy;
  /** A connection that brings nothing for this long is given up and tried again. */
  readonly idleMs?: number;
  /** Free bytes on the disk that holds a folder. */
  readonly freeDiskBytes?: (folder: string) => Promise<number>;
}

const defaultIdleMs = 60_000;

/** Downloads over HTTP: resumed, checked, and locked against other processes. */
export function createModelDownload(options: ModelDownloadOptions): ModelDownload {
  const tools: Tools = {
    log: options.log,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    policy: options.retry ?? defaultRetry,
    idleMs: options.idleMs ?? defaultIdleMs,
    freeDiskBytes: options.freeDiskBytes ?? freeDiskBytes,
  };
  return {
    async fetch(request) {
      const what = `Fetching ${withoutQuery(request.url)}`;
      try {
        return await fetchOnce(what, request, tools);
      } catch (error) {
        if (error instanceof MusterError) throw error;
        // A reader that was told to stop throws whatever its signal carries.
        throw request.signal.aborted ? cancelled(what) : MusterError.from(error, "model_load_failed");
      }
    },
  };
}

interface Tools {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  readonly policy: RetryPolicy;
  readonly idleMs: number;
  readonly freeDiskBytes: (folder: string) => Promise<number>;
}

async function fetchOnce(what: string, request: DownloadRequest, tools: Tools): Promise<DownloadedFile> {
  const gate = createProgressGate(request.onProgress, tools.clock);
  const before = await identify(request.target);
  const lock = await takeDownloadLock(`${request.target}.lock`, {
    clock: tools.clock,
    log: tools.log,
    signal: request.signal,
    onWait: () => reportOthersProgress(request.target, gate),
  });
  if (lock === undefined) throw cancelled(what);
  try {
    const isNew = lock.hasWaited && (await identify(request.target)) !== before;
    const others = isNew ? await takeOthers(request) : undefined;
    return others ?? (await fetchLocked(what, request, { ...tools, lock, gate }));
  } finally {
    await lock.release();
  }
}

async function fetchLocked(
  what: string,
  request: DownloadRequest,
  tools: Tools & { readonly lock: DownloadLock; readonly gate: ProgressGate },
): Promise<DownloadedFile> {
  const { signal, target } = request;
  const wanted = { url: request.url, sha256: request.sha256, mayResume: tools.lock.mayResume };
  const part = await PartFile.open(target, wanted, signal);
  try {
    for (let isSecond = false; ; isSecond = true) {
      await retrying(what, { ...tools, signal }, () => transfer(part, request, tools));
      const arrived = await part.settle();
      const problem = mismatch(arrived, request);
      if (problem === undefined) {
        await inspectOrDiscard(part, request);
        await part.publish();
        tools.gate.finish({ doneBytes: arrived.bytes, totalBytes: arrived.bytes });
        return arrived;
      }
      const isWorthAnother = part.isPieced && !isSecond;
      await part.restart();
      if (!isWorthAnother) {
        throw new MusterError(
          "model_load_failed",
          `${withoutQuery(request.url)} arrived wrong (${problem}) and was discarded. ` +
            "Try again; if it stays so, the file on the server or a proxy between is damaged.",
        );
      }
      tools.log.warn({ target, problem }, "resumed download does not fit together, starting over");
    }
  } finally {
    await part.close();
  }
}

async function inspectOrDiscard(part: PartFile, request: DownloadRequest): Promise<void> {
  try {
    await request.inspect(part.path);
  } catch (error) {
    await part.restart();
    await rm(part.path, { force: true });
    throw error;
  }
}

function mismatch(arrived: DownloadedFile, request: DownloadRequest): string | undefined {
  if (request.bytes !== undefined && arrived.bytes !== request.bytes) {
    return `${arrived.bytes} bytes instead of ${request.bytes}`;
  }
  if (request.sha256 !== undefined && arrived.sha256 !== request.sha256.toLowerCase()) {
    return `its SHA-256 is ${arrived.sha256} instead of ${request.sha256}`;
  }
  return undefined;
}

/** The file that another process has just put there, if it is the right one. */
async function takeOthers(request: DownloadRequest): Promise<DownloadedFile | undefined> {
  const found = await hashFile(request.target, request.signal);
  return found !== undefined && mismatch(found, request) === undefined ? found : undefined;
}

async function identify(path: string): Promise<string> {
  return await stat(path, { bigint: true }).then(
    (found) => `${found.ino}:${found.size}:${found.mtimeNs}`,
    () => "missing",
  );
}

async function reportOthersProgress(target: string, gate: ProgressGate): Promise<void> {
  const doneBytes = await stat(partPath(target)).then(
    (found) => found.size,
    () => undefined,
  );
  if (doneBytes !== undefined) gate.report({ doneBytes, totalBytes: (await readNote(target))?.totalBytes });
}

async function freeDiskBytes(folder: string): Promise<number> {
  const disk = await statfs(folder);
  return disk.bavail * disk.bsize;
}

/** Queries may hold keys: they stay out of messages. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
