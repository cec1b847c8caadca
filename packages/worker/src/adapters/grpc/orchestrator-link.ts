import { type ClientDuplexStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { deferred, type Log, MusterError } from "@muster/base";
import {
  loadFleet,
  maxMessageBytes,
  type OrchestratorMessageRead,
  orchestratorBody,
  type WorkerMessage,
} from "@muster/proto";
import type { OrchestratorSays, WorkerHello } from "../../core/link-messages.ts";
import type { DialResult, LinkEnd, LinkSession, OrchestratorLink } from "../../ports/orchestrator-link.ts";
import { fromWire, helloToWire, refusalFromWire, toWire, welcomeFromWire } from "./convert.ts";

type FleetCall = ClientDuplexStream<WorkerMessage, OrchestratorMessageRead>;

const welcomeTimeoutMs = 15_000;
/** For the orchestrator to close its side after we have closed ours. */
const closeTimeoutMs = 5_000;

const channelOptions = {
  "grpc.max_receive_message_length": maxMessageBytes,
  "grpc.max_send_message_length": maxMessageBytes,
  "grpc.keepalive_time_ms": 5_000,
  "grpc.keepalive_timeout_ms": 3_000,
  "grpc.keepalive_permit_without_calls": 1,
  // Each dial is a fresh try: the backoff between them is ours, with jitter.
  "grpc.use_local_subchannel_pool": 1,
  // A proxy for the web is not for the office's own machines, and would see the join token.
  "grpc.enable_http_proxy": 0,
};

/** Dials `address` (`host:port`), presenting the join token if there is one. */
export function createGrpcOrchestratorLink(options: {
  readonly address: string;
  readonly joinToken: string | undefined;
  readonly log: Log;
}): OrchestratorLink {
  const { address, joinToken, log } = options;
  return {
    dial(hello, receive, signal) {
      const client = new (loadFleet().Client)(address, credentials.createInsecure(), channelOptions);
      const metadata = new Metadata();
      if (joinToken !== undefined) metadata.set("authorization", `Bearer ${joinToken}`);
      const call: FleetCall = client.Connect(metadata);
      return talk(call, { hello, receive, signal, log, onEnd: () => client.close() });
    },
  };
}

function talk(
  call: FleetCall,
  options: {
    readonly hello: WorkerHello;
    readonly receive: (message: OrchestratorSays) => void;
    readonly signal: AbortSignal | undefined;
    readonly log: Log;
    readonly onEnd: () => void;
  },
): Promise<DialResult> {
  const { hello, receive, signal, log, onEnd } = options;
  const dialled = deferred<DialResult>();
  const ended = deferred<LinkEnd>();
  let isOver = false;
  let isClosing = false;
  let wakeWriters: () => void = () => {};

  const finish = (end: LinkEnd) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
    ended.resolve(end);
    dialled.resolve(end);
    wakeWriters();
    call.cancel();
    onEnd();
  };
  const timer = setTimeout(
    () => finish({ kind: "lost", reason: "the orchestrator sent no welcome" }),
    welcomeTimeoutMs,
  );

  const giveUp = () => finish({ kind: "lost", reason: "given up" });
  signal?.addEventListener("abort", giveUp, { once: true });

  const session = (welcome: LinkSession["welcome"]): LinkSession => ({
    welcome,
    ended: ended.promise,
    send: (message) => !isOver && !isClosing && call.write(toWire(message)),
    writable() {
      if (isOver || !call.writableNeedDrain) return Promise.resolve();
      return new Promise((resolve) => {
        const earlier = wakeWriters;
        wakeWriters = () => {
          earlier();
          resolve();
        };
      });
    },
    close() {
      if (isOver || isClosing) return;
      // Nothing may be written after the end: it would take what still waits down with it.
      isClosing = true;
      call.end();
      setTimeout(() => finish({ kind: "lost", reason: "closed" }), closeTimeoutMs).unref();
    },
    abandon: () => finish({ kind: "lost", reason: "the orchestrator was silent" }),
  });

  call.on("drain", () => {
    const wake = wakeWriters;
    wakeWriters = () => {};
    wake();
  });
  call.on("data", (message: OrchestratorMessageRead) => {
    const body = orchestratorBody(message);
    if (body === undefined || isOver) return;
    if (body.kind === "welcome") {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      dialled.resolve({ kind: "accepted", session: session(welcomeFromWire(body.value)) });
    } else if (body.kind === "refused") finish(refusalFromWire(body.value));
    else deliver(body, receive, log);
  });
  call.on("error", (error: ServiceError) => finish({ kind: "lost", reason: error.details || error.message }));
  call.on("end", () => finish({ kind: "lost", reason: "the orchestrator closed the stream" }));

  call.write(helloToWire(hello));
  return dialled.promise;
}

function deliver(
  body: Parameters<typeof fromWire>[0],
  receive: (message: OrchestratorSays) => void,
  log: Log,
): void {
  let message: OrchestratorSays;
  try {
    message = fromWire(body);
  } catch (error) {
    log.error({ kind: body.kind, error: MusterError.from(error).message }, "message cannot be read");
    return;
  }
  receive(message);
}
