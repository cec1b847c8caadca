import { type Metadata, type ServerWritableStream, type StatusObject, status } from "@grpc/grpc-js";
import { type Clock, type ErrorCode, type Log, MusterError } from "@muster/base";
import type { WireBlobPiece, WireBlobRequestRead } from "@muster/proto";
import type { Mirror } from "../flows/mirror.ts";
import type { BlobReading } from "../flows/read-blob.ts";
import type { Enrolments } from "../flows/trust/enrolments.ts";
import type { OpenCalls } from "./open-calls.ts";
import { shownIdentity } from "./shown-identity.ts";

export type BlobCall = ServerWritableStream<WireBlobRequestRead, WireBlobPiece>;

export interface BlobHandlerOptions {
  readonly mirror: Pick<Mirror, "open">;
  /** Whose certificates count; undefined: the port is on loopback, and nobody shows one. */
  readonly enrolments?: Pick<Enrolments, "admit"> | undefined;
  readonly openCalls: OpenCalls;
  readonly clock: Clock;
  readonly log: Log;
}

/** Files that one worker may read at once, and all of them together. */
const maxPerWorker = 4;
const maxStreams = 256;
/** A worker that takes nothing for this long is cut off: it can go on later from where it was. */
const stalledMs = 60_000;
const maxUriLength = 2_048;

const statuses: Partial<Readonly<Record<ErrorCode, status>>> = {
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  not_found: status.NOT_FOUND,
  invalid_request: status.FAILED_PRECONDITION,
  model_load_failed: status.FAILED_PRECONDITION,
  store_full: status.FAILED_PRECONDITION,
  queue_full: status.RESOURCE_EXHAUSTED,
  not_ready: status.ABORTED,
  shutting_down: status.UNAVAILABLE,
  cancelled: status.CANCELLED,
};

/** Serves FetchBlob: pieces of one file, no faster than the worker takes them. */
export function createBlobHandler(options: BlobHandlerOptions): (call: BlobCall) => void {
  const open = new Map<string, number>();
  let total = 0;
  const admit = (who: string): (() => void) => {
    const count = open.get(who) ?? 0;
    if (count >= maxPerWorker || total >= maxStreams) {
      throw new MusterError("queue_full", "Too many files are being read at once: ask again in a while.");
    }
    open.set(who, count + 1);
    total += 1;
    return () => {
      total -= 1;
      const left = (open.get(who) ?? 1) - 1;
      if (left > 0) open.set(who, left);
      else open.delete(who);
    };
  };
  return (call) => {
    const gone = new AbortController();
    const leave = () => gone.abort(new MusterError("cancelled", "The worker has left."));
    call.on("cancelled", leave).on("close", leave).on("error", leave);
    let release: () => void = () => {};
    const serving = async () => {
      const who = await readerOf(call, options);
      gone.signal.throwIfAborted();
      const leaveRoom = admit(who);
      const forget = options.openCalls.add(who, (reason) => {
        call.emit("error", asStatus(new MusterError("forbidden", reason)));
        leave();
      });
      release = () => {
        forget();
        leaveRoom();
      };
      const { uri, sha256, offset } = call.request;
      if (uri.length > maxUriLength) throw new MusterError("not_found", "The URI is too long.");
      const ask = { uri, sha256: sha256 || undefined, offset };
      const reading = await options.mirror.open(ask, gone.signal);
      await send(call, reading, { ...options, signal: gone.signal });
    };
    serving()
      .catch((thrown: unknown) => {
        const error = MusterError.from(thrown);
        if (!gone.signal.aborted) {
          options.log.info(
            { code: error.code, reason: error.message, peer: call.getPeer() },
            "blob not sent",
          );
          call.emit("error", asStatus(error));
        }
      })
      .finally(() => release());
  };
}

async function send(
  call: BlobCall,
  reading: BlobReading,
  context: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const { totalBytes = 0, sha256 = "" } = reading;
  const pieces = reading.pieces();
  try {
    call.write({ totalBytes, sha256 });
    for (;;) {
      context.signal.throwIfAborted();
      const step = await pieces.next();
      if (step.done) {
        call.write({ totalBytes, sha256: step.value.sha256 ?? "" });
        call.end();
        return;
      }
      // A write takes no copy, so the piece is the reader's own.
      if (!call.write({ data: step.value as Buffer })) await untilRoom(call, context);
    }
  } finally {
    // The open file goes with it.
    await pieces.return({ sha256: undefined });
  }
}

function untilRoom(
  call: BlobCall,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const end = (error?: unknown) => {
      stop();
      call.off("drain", onDrain);
      signal.removeEventListener("abort", onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const stop = clock.after(stalledMs, () =>
      end(new MusterError("not_ready", `Nothing was read for ${stalledMs / 1000} s: ask again.`)),
    );
    const onDrain = () => end();
    const onAbort = () => end(signal.reason);
    call.once("drain", onDrain);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** By its certificate; without one by its address and the id that it gives: nobody uses up what another one may read. */
async function readerOf(call: BlobCall, { enrolments, clock }: BlobHandlerOptions): Promise<string> {
  if (enrolments === undefined) return nameOf(call.metadata, call.getPeer());
  const shown = shownIdentity(call, clock.wallMs());
  if (shown === undefined)
    throw new MusterError("unauthenticated", "The connection has shown no certificate of a worker.");
  return (await enrolments.admit(shown)).id;
}

function nameOf(metadata: Metadata, peer: string): string {
  const id = String(metadata.get("worker-id")[0] ?? "").slice(0, 128);
  return `${peer.replace(/:\d+$/, "")} ${id}`;
}

function asStatus(error: MusterError): Pick<StatusObject, "code" | "details"> {
  const code = statuses[error.code] ?? status.INTERNAL;
  const details =
    error.code === "internal" ? "Something went wrong inside Muster. Its log says what." : error.message;
  return { code, details };
}
