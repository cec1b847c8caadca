import { type ClientDuplexStream, type ServiceError, status } from "@grpc/grpc-js";
import { deferred, type Log, MusterError } from "@muster/base";
import {
  loadFleet,
  maxMessageBytes,
  type OrchestratorMessageRead,
  orchestratorBody,
  type WorkerMessage,
} from "@muster/proto";
import type { Identity } from "../../core/identity.ts";
import { idsOf, type OrchestratorSays, type WorkerHello } from "../../core/link-messages.ts";
import type { DialResult, LinkEnd, LinkSession, OrchestratorLink } from "../../ports/orchestrator-link.ts";
import { fromWire, helloToWire, refusalFromWire, toWire, welcomeFromWire } from "./convert.ts";
import { channelFor } from "./secure-channel.ts";

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
  // A proxy for the web is not for the office's own machines.
  "grpc.enable_http_proxy": 0,
};

/** What makes a worker one of a fleet, as it is needed for dialling. */
export interface DialIdentity {
  /** Renewed first where it has ended. Throws what keeps it from that. */
  ready(): Promise<Identity>;
  /** The orchestrator did not take it for one: it is to be renewed before the next dial. */
  doubt(): void;
}

export interface LinkOptions {
  /** `host:port`. */
  readonly address: string;
  /** Undefined: the orchestrator is on this machine's loopback, and nobody proves anything. */
  readonly identity: DialIdentity | undefined;
  /** Whether somebody at this address speaks TLS. */
  readonly speaksTls: (address: string) => Promise<boolean>;
  readonly log: Log;
}

/** Dials `address`, with the certificate of now if there is one. */
export function createGrpcOrchestratorLink(options: LinkOptions): OrchestratorLink {
  const { address, log } = options;
  return {
    async dial(hello, receive, signal) {
      let identity: Identity | undefined;
      try {
        identity = await options.identity?.ready();
      } catch (error) {
        return endOf(MusterError.from(error));
      }
      if (signal?.aborted) return { kind: "lost", reason: "given up" };
      const channel = channelFor(identity);
      const client = new (loadFleet().Client)(address, channel.credentials, {
        ...{ ...channelOptions, ...channel.options },
      });
      const call: FleetCall = client.Connect();
      let failed: ServiceError | undefined;
      const onError = (error: ServiceError) => {
        failed = error;
      };
      const result = await talk(call, { hello, receive, signal, log, onEnd: () => client.close(), onError });
      return result.kind === "accepted" || failed === undefined ? result : explained(failed, result, options);
    },
  };
}

/** What helps: another try, or a person. */
function endOf(error: MusterError): LinkEnd {
  const { code, message } = error;
  if (code === "forbidden" || code === "unauthenticated")
    return { kind: "refused", code, message, isRetryable: false };
  return { kind: "lost", reason: message };
}

/** Says what a failed dial means where the two sides do not speak alike. */
async function explained(error: ServiceError, end: LinkEnd, options: LinkOptions): Promise<LinkEnd> {
  const { address, identity } = options;
  if (identity !== undefined) {
    // The port takes those whose certificate does not count for strangers, and knows nothing of a fleet.
    if (error.code === status.UNIMPLEMENTED) {
      identity.doubt();
      return {
        kind: "lost",
        reason: "the orchestrator does not take this worker's certificate: it is renewed",
      };
    }
    if (/wrong version number|packet length too long/i.test(error.details)) {
      const reason = `${address} does not speak TLS: it is the port of an orchestrator for its own machine alone. This worker has joined a fleet; to lend to that one as well, start another with --name and --data-dir of its own`;
      return { kind: "lost", reason };
    }
    return end;
  }
  if (error.code !== status.UNAVAILABLE || /ECONNREFUSED/.test(error.details)) return end;
  if (!(await options.speaksTls(address))) return end;
  const message = `The orchestrator at ${address} wants to know who this worker is: it joins with an invitation. On the orchestrator: muster workers invite --pool desks. Then paste the line that it prints here.`;
  return { kind: "refused", code: "unauthenticated", message, isRetryable: false };
}

function talk(
  call: FleetCall,
  options: {
    readonly hello: WorkerHello;
    readonly receive: (message: OrchestratorSays) => void;
    readonly signal: AbortSignal | undefined;
    readonly log: Log;
    readonly onEnd: () => void;
    readonly onError: (error: ServiceError) => void;
  },
): Promise<DialResult> {
  const { hello, receive, signal, log, onEnd, onError } = options;
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
  call.on("error", (error: ServiceError) => {
    if (!isOver) onError(error);
    finish({ kind: "lost", reason: error.details || error.message });
  });
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
    // So that one about a request is found all the same.
    const ids = body.kind === "assign" ? idsOf(body.value) : {};
    log.error({ ...ids, kind: body.kind, error: MusterError.from(error).message }, "message cannot be read");
    return;
  }
  receive(message);
}
