import { type Clock, MusterError } from "@muster/base";
import type { StoredModel } from "@muster/models";
import type { BlobSource, OpenBlob } from "../ports/blob-source.ts";
import type { BlobFetch } from "./blob-fetch.ts";

/** A file as one asker reads it. */
export interface BlobReading {
  /** Of the whole file; undefined while the hub does not say. */
  readonly totalBytes: number | undefined;
  /** Undefined where nobody vouches for it before it is whole. */
  readonly sha256: string | undefined;
  /** From the offset to the end; an empty piece is a sign of life. Ends only once the file has been checked. */
  pieces(): AsyncGenerator<Uint8Array, { readonly sha256: string | undefined }>;
}

interface ReadTools {
  readonly open: BlobSource["open"];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Small enough that other streams get their turn, large enough that their number costs little. */
const pieceBytes = 128 * 1024;
const lifeSignMs = 10_000;

/** Reads a file that is whole. */
export function readStored(stored: StoredModel, offset: number, tools: ReadTools): BlobReading {
  requireOffset(offset, stored.bytes);
  return {
    totalBytes: stored.bytes,
    sha256: stored.sha256,
    async *pieces() {
      const blob = await tools.open(stored.path);
      if (blob === undefined) throw changed();
      try {
        for (let at = offset; at < stored.bytes; ) {
          tools.signal.throwIfAborted();
          const piece = await blob.read(at, Math.min(pieceBytes, stored.bytes - at));
          if (piece.length === 0) throw changed();
          at += piece.length;
          yield piece;
        }
        return { sha256: stored.sha256 };
      } finally {
        await blob.close();
      }
    },
  };
}

/** Reads a file while it arrives. What has been thrown away meanwhile ends the reading: its bytes may be of another file. */
export async function followFetch(fetch: BlobFetch, offset: number, tools: ReadTools): Promise<BlobReading> {
  while (!fetch.isOver && !isTold(fetch)) await awaitChange(fetch, tools);
  if (fetch.isOver) return readStored(await fetch.done, offset, tools);
  const { path, totalBytes, sha256, generation } = fetch.state ?? fail();
  requireOffset(offset, totalBytes);
  const blob = await tools.open(path);
  // It has got its name in this moment.
  if (blob === undefined) return readStored(await fetch.done, offset, tools);
  return { totalBytes, sha256, pieces: () => follow({ fetch, blob, offset, generation }, tools) };
}

async function* follow(
  reading: {
    readonly fetch: BlobFetch;
    readonly blob: OpenBlob;
    readonly offset: number;
    readonly generation: number;
  },
  tools: ReadTools,
): AsyncGenerator<Uint8Array, { readonly sha256: string | undefined }> {
  const { fetch, blob, generation } = reading;
  let at = reading.offset;
  try {
    for (;;) {
      const { doneBytes = 0 } = fetch.state ?? {};
      if (fetch.state?.generation !== generation) throw changed();
      if (at < doneBytes) {
        const piece = await blob.read(at, Math.min(pieceBytes, doneBytes - at));
        // Looked at again: they may have been thrown away while they were read.
        if (fetch.state?.generation !== generation || piece.length === 0) throw changed();
        at += piece.length;
        yield piece;
      } else if (fetch.isOver) {
        const { bytes, sha256 } = await fetch.done;
        if (at !== bytes) throw changed();
        return { sha256 };
      } else if ((await awaitChange(fetch, tools)) === "nothing") yield new Uint8Array();
    }
  } finally {
    await blob.close();
  }
}

/** Whether there is something to say about the file, or of it. */
function isTold({ state }: BlobFetch): boolean {
  return state !== undefined && (state.totalBytes !== undefined || state.doneBytes > 0);
}

async function awaitChange(fetch: BlobFetch, { clock, signal }: ReadTools): Promise<"change" | "nothing"> {
  signal.throwIfAborted();
  let stop: () => void = () => {};
  let onAbort: () => void = () => {};
  const patience = new Promise<"nothing">((resolve, reject) => {
    stop = clock.after(lifeSignMs, () => resolve("nothing"));
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([fetch.changed().then(() => "change" as const), patience]);
  } finally {
    stop();
    signal.removeEventListener("abort", onAbort);
  }
}

function requireOffset(offset: number, totalBytes: number | undefined): void {
  if (Number.isSafeInteger(offset) && offset >= 0 && (totalBytes === undefined || offset <= totalBytes))
    return;
  throw new MusterError("invalid_request", `The file has ${totalBytes} bytes: none is at ${offset}.`);
}

function changed(): MusterError {
  return new MusterError("not_ready", "The file is being fetched anew: ask again.");
}

function fail(): never {
  throw changed();
}
