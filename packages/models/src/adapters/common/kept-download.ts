import { rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, type Log, MusterError, systemClock } from "@muster/base";
import type { DownloadedFile, DownloadTarget } from "../../ports/model-download.ts";
import { type DownloadLock, takeDownloadLock } from "./download-lock.ts";
import { hashFile } from "./hash-file.ts";
import { PartFile, type PartNote, partPath, readNote } from "./part-file.ts";
import { createProgressGate, type ProgressGate } from "./progress-gate.ts";
import { cancelled, defaultRetry, type RetryPolicy, retrying } from "./retry.ts";

export interface KeptDownloadOptions {
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

export interface DownloadTools {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  readonly policy: RetryPolicy;
  readonly idleMs: number;
  readonly freeDiskBytes: (folder: string) => Promise<number>;
}

export interface TransferTools extends DownloadTools {
  readonly gate: ProgressGate;
}

export interface KeptRequest extends DownloadTarget {
  /** Names the bytes that are waiting: an address, or a URI. */
  readonly url: string;
  /** For people, without a key that an address may hold. */
  readonly place: string;
  readonly sha256: string | undefined;
  readonly bytes: number | undefined;
  readonly canContinue: (note: PartNote) => boolean;
  /**
   * One try: asks for what is missing and appends what comes; gives the SHA-256 of the whole file where only this try has
   * told it. Throws PassingFailure where another try may help.
   */
  readonly transfer: (part: PartFile, tools: TransferTools) => Promise<string | undefined>;
}

const defaultIdleMs = 60_000;
/** Left free for everyone else on the disk, whatever is asked. */
export const reservedDiskBytes = 64 * 1024 * 1024;

export function downloadTools(options: KeptDownloadOptions): DownloadTools {
  return {
    log: options.log,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    policy: options.retry ?? defaultRetry,
    idleMs: options.idleMs ?? defaultIdleMs,
    freeDiskBytes: options.freeDiskBytes ?? freeDiskBytes,
  };
}

/** Brings a file to its place whole, whoever sends it: resumed, checked, and locked against other processes. */
export async function keepDownload(request: KeptRequest, tools: DownloadTools): Promise<DownloadedFile> {
  const what = `Fetching ${request.place}`;
  try {
    return await fetchOnce(what, request, tools);
  } catch (error) {
    if (error instanceof MusterError) throw error;
    // A reader that was told to stop throws whatever its signal carries.
    throw request.signal.aborted ? cancelled(what) : MusterError.from(error, "model_load_failed");
  }
}

async function fetchOnce(what: string, request: KeptRequest, tools: DownloadTools): Promise<DownloadedFile> {
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
  request: KeptRequest,
  tools: DownloadTools & { readonly lock: DownloadLock; readonly gate: ProgressGate },
): Promise<DownloadedFile> {
  const { signal, target } = request;
  const { url, sha256, canContinue, onPart } = request;
  const wanted = { url, sha256, canContinue, onPart, mayResume: tools.lock.mayResume };
  const part = await PartFile.open(target, wanted, signal);
  try {
    for (let isSecond = false; ; isSecond = true) {
      const told = await retrying(what, { ...tools, signal }, () => request.transfer(part, tools));
      const arrived = await part.settle();
      const problem = mismatch(arrived, { bytes: request.bytes, sha256: request.sha256 ?? told });
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
          `${request.place} arrived wrong (${problem}) and was discarded. ` +
            "Try again; if it stays so, the file there or a proxy between is damaged.",
        );
      }
      tools.log.warn({ target, problem }, "resumed download does not fit together, starting over");
    }
  } finally {
    await part.close();
  }
}

async function inspectOrDiscard(part: PartFile, request: KeptRequest): Promise<void> {
  try {
    await request.inspect(part.path);
  } catch (error) {
    await part.restart();
    await rm(part.path, { force: true });
    throw error;
  }
}

function mismatch(
  arrived: DownloadedFile,
  request: Pick<KeptRequest, "bytes" | "sha256">,
): string | undefined {
  if (request.bytes !== undefined && arrived.bytes !== request.bytes) {
    return `${arrived.bytes} bytes instead of ${request.bytes}`;
  }
  if (request.sha256 !== undefined && arrived.sha256 !== request.sha256.toLowerCase()) {
    return `its SHA-256 is ${arrived.sha256} instead of ${request.sha256}`;
  }
  return undefined;
}

/** The file that another process has just put there, if it is the right one. */
async function takeOthers(request: KeptRequest): Promise<DownloadedFile | undefined> {
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

/** Refuses a file of another length than announced, or one that has no place here. */
export async function requireRoom(
  part: PartFile,
  request: Pick<KeptRequest, "place" | "bytes" | "makeRoom">,
  needs: { readonly totalBytes: number; readonly tools: DownloadTools },
): Promise<void> {
  const { totalBytes, tools } = needs;
  if (request.bytes !== undefined && totalBytes !== request.bytes) {
    throw new MusterError(
      "model_load_failed",
      `${request.place} is ${totalBytes} bytes there, but ${request.bytes} were announced: ` +
        "the server or a proxy between gives another file.",
    );
  }
  await request.makeRoom?.(totalBytes);
  const folder = dirname(part.path);
  const neededBytes = totalBytes - part.doneBytes;
  const freeBytes = await tools.freeDiskBytes(folder);
  if (neededBytes + reservedDiskBytes > freeBytes) {
    throw new MusterError(
      "model_load_failed",
      `${request.place} needs ${neededBytes} bytes more (and ${reservedDiskBytes} are kept free), but the disk ` +
        `of ${folder} has ${freeBytes} free: free some space, or choose another model directory.`,
    );
  }
}

/** Of a file that does not say how long it is: room is asked for in steps, as it comes. */
const roomStepBytes = 16 * 1024 * 1024;

/** Call the result before so many bytes of the file are there in all. Throws MusterError `store_full`. */
export function growingRoom({ makeRoom }: Pick<KeptRequest, "makeRoom">): (bytes: number) => Promise<void> {
  let roomBytes = 0;
  return async (bytes) => {
    if (makeRoom === undefined || bytes <= roomBytes) return;
    roomBytes = bytes + roomStepBytes;
    await makeRoom(roomBytes);
  };
}

export interface IdleWatch {
  readonly signal: AbortSignal;
  touch(): void;
  stop(): void;
}

/** Fires once nothing has been touched for a while. */
export function watchIdle(tools: { readonly clock: Clock; readonly idleMs: number }): IdleWatch {
  const controller = new AbortController();
  const arm = () => tools.clock.after(tools.idleMs, () => controller.abort());
  let disarm = arm();
  return {
    signal: controller.signal,
    touch() {
      disarm();
      disarm = arm();
    },
    stop() {
      disarm();
    },
  };
}
