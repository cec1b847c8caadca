import { type ClientReadableStream, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { MusterError } from "@muster/base";
import type { BlobFeed, BlobFlow } from "@muster/models";
import { loadFleet, type WireBlobPieceRead } from "@muster/proto";
import type { Identity } from "../../core/identity.ts";
import { channelFor } from "./secure-channel.ts";

export interface GrpcMirrorOptions {
  /** `host:port` of the orchestrator's fleet port. */
  readonly address: string;
  /** Undefined: the orchestrator is on this machine's loopback. */
  readonly identity: () => Identity | undefined;
  readonly workerId: string;
}

const connectTimeoutMs = 3_000;

const channelOptions = {
  // A connection of its own, so that no answer waits behind a file.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 10_000,
  // What may be on its way at once: enough for a fast network, little enough that heartbeats do not wait behind it.
  "grpc-node.flow_control_window": 1024 * 1024,
};

/** The orchestrator's mirror. Each file has a connection of its own, which ends with it. */
export function createGrpcMirror(options: GrpcMirrorOptions): BlobFeed {
  return {
    async open({ source, sha256 = "", offset }, signal) {
      signal.throwIfAborted();
      const channel = channelFor(options.identity());
      const client = new (loadFleet().Client)(options.address, channel.credentials, {
        ...{ ...channelOptions, ...channel.options },
      });
      const metadata = new Metadata();
      metadata.set("worker-id", options.workerId);
      try {
        await new Promise<void>((resolve, reject) => {
          client.waitForReady(Date.now() + connectTimeoutMs, (error) => (error ? reject(error) : resolve()));
        });
        const call = client.FetchBlob({ uri: source, sha256, offset }, metadata);
        return await begin(call, { signal, onEnd: () => client.close() });
      } catch (error) {
        client.close();
        throw asFailure(error);
      }
    },
  };
}

type BlobCall = ClientReadableStream<WireBlobPieceRead>;

/** Waits for the first piece, which tells of the file. */
async function begin(
  call: BlobCall,
  context: { readonly signal: AbortSignal; readonly onEnd: () => void },
): Promise<BlobFlow> {
  const { signal, onEnd } = context;
  const cancel = () => call.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  const close = () => {
    signal.removeEventListener("abort", cancel);
    call.on("error", () => {});
    call.cancel();
    onEnd();
  };
  const pieces = call[Symbol.asyncIterator]() as AsyncIterator<WireBlobPieceRead>;
  let final: string | undefined;
  const take = async (): Promise<WireBlobPieceRead | undefined> => {
    const step = await pieces.next();
    if (step.done) return undefined;
    final = step.value.data.length === 0 ? step.value.sha256 || final : final;
    return step.value;
  };
  try {
    const first = await take();
    if (first === undefined) throw new Error("the mirror sent nothing");
    final = undefined;
    return {
      totalBytes: first.totalBytes || undefined,
      sha256: first.sha256 || undefined,
      async *pieces() {
        try {
          if (first.data.length > 0) yield first.data;
          for (let piece = await take(); piece !== undefined; piece = await take()) yield piece.data;
        } catch (error) {
          throw asFailure(error);
        }
      },
      finalSha256: () => final,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** What another try does not help against becomes a MusterError; all else may pass. */
function asFailure(error: unknown): unknown {
  if (!isServiceError(error)) return error;
  const reason = error.details || error.message;
  switch (error.code) {
    case status.NOT_FOUND:
      return new MusterError("not_found", reason, { cause: error });
    case status.UNIMPLEMENTED:
      return new MusterError("unsupported", "The orchestrator has no mirror.", { cause: error });
    case status.FAILED_PRECONDITION:
      return new MusterError("model_load_failed", `The mirror: ${reason}`, { cause: error });
    case status.UNAUTHENTICATED:
      return new MusterError("unauthenticated", reason, { cause: error });
    case status.RESOURCE_EXHAUSTED:
      return new MusterError("queue_full", reason, { cause: error });
    default:
      return new Error(`the mirror is not to be had (${reason})`, { cause: error });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}
