import { Server, ServerCredentials } from "@grpc/grpc-js";
import { MusterError } from "@muster/base";
import {
  loadFleet,
  maxMessageBytes,
  negotiateProtocol,
  type OrchestratorMessage,
  protocolVersions,
  type WireHelloRead,
  workerBody,
} from "@muster/proto";
import type { WorkerIdentity } from "../core/fleet/worker.ts";
import type { Mirror } from "../flows/mirror.ts";
import { identityFromHello, runningFromHello } from "./convert.ts";
import { createBlobHandler } from "./fetch-blob.ts";
import { checkJoinToken } from "./join-token.ts";
import { type FleetStream, type SessionDeps, WorkerSession } from "./worker-session.ts";

export interface FleetServerOptions extends SessionDeps {
  readonly host: string;
  readonly port: number;
  /** Workers must present it; undefined only where the listener is on loopback. */
  readonly joinToken: string | undefined;
  readonly orchestratorId: string;
  readonly version: string;
  /** Undefined: workers fetch model files for themselves. */
  readonly mirror?: Pick<Mirror, "open"> | undefined;
}

export interface FleetServer {
  readonly address: string;
  close(): Promise<void>;
}

const helloTimeoutMs = 10_000;

/** Opens the port that workers dial. */
export async function startFleetServer(options: FleetServerOptions): Promise<FleetServer> {
  const { host, port, log, mirror } = options;
  const server = new Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.keepalive_time_ms": 5_000,
    "grpc.keepalive_timeout_ms": 3_000,
    "grpc.keepalive_permit_without_calls": 1,
  });
  server.addService(loadFleet().service, {
    Connect: (stream: FleetStream) => acceptStream(stream, options),
    ...(mirror === undefined ? {} : { FetchBlob: createBlobHandler({ ...options, mirror }) }),
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      `${bracketed(host)}:${port}`,
      ServerCredentials.createInsecure(),
      (error, actualPort) => {
        if (error === null) resolve(actualPort);
        else {
          const message = `Cannot listen for workers on ${host}:${port}: the port is taken or not this machine's. Is another orchestrator running? Choose another with --fleet-port.`;
          reject(new MusterError("internal", message, { cause: error }));
        }
      },
    );
  });
  log.info({ host, port: bound }, "listening for workers");
  return {
    address: `${bracketed(host)}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        // Node does not let go of a connection whose peer holds a stream with data that nobody reads: it is not waited for.
        const force = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, 1_000);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      }),
  };
}

function acceptStream(stream: FleetStream, options: FleetServerOptions): void {
  const { clock, log, fleet, attempts } = options;
  let session: { readonly workerId: string; readonly link: WorkerSession } | undefined;
  const refuse = (error: MusterError, isRetryable: boolean) => {
    log.warn({ code: error.code, peer: stream.getPeer() }, "worker refused");
    stream.write({ refused: { code: error.code, message: error.message, retryable: isRetryable } });
    stream.end();
  };
  const stopWaiting = clock.after(helloTimeoutMs, () => {
    refuse(new MusterError("invalid_request", "No hello came within 10 s."), true);
  });

  try {
    checkJoinToken(stream.metadata, options.joinToken);
  } catch (error) {
    stopWaiting();
    stream.on("error", () => {});
    refuse(MusterError.from(error), false);
    return;
  }
  stream.on("data", (message) => {
    if (session !== undefined) {
      session.link.receive(message);
      return;
    }
    const body = workerBody(message);
    if (body?.kind !== "hello") return;
    stopWaiting();
    try {
      const { welcome, identity } = admit(body.value, options);
      const link = new WorkerSession(identity.id, stream, options);
      session = { workerId: identity.id, link };
      link.write({ welcome });
      fleet.join(identity, link);
      attempts.adopt(identity.id, runningFromHello(body.value));
    } catch (error) {
      refuse(MusterError.from(error), false);
    }
  });
  const over = (reason: string) => {
    stopWaiting();
    if (session !== undefined) fleet.leave(session.workerId, session.link, reason);
  };
  stream.on("end", () => {
    over("it closed the stream");
    stream.end();
  });
  stream.on("cancelled", () => over("the connection was lost"));
  stream.on("close", () => over("the connection was lost"));
  stream.on("error", (error: Error) => over(error.message));
}

function admit(
  hello: WireHelloRead,
  options: FleetServerOptions,
): { readonly welcome: NonNullable<OrchestratorMessage["welcome"]>; readonly identity: WorkerIdentity } {
  const { orchestratorId, version, heartbeatIntervalMs } = options;
  const protocol = negotiateProtocol({ min: hello.minProtocol, max: hello.maxProtocol });
  if (protocol === undefined) {
    throw new MusterError(
      "protocol_mismatch",
      `The worker speaks protocol ${hello.minProtocol} to ${hello.maxProtocol}, the orchestrator ${protocolVersions.min} to ${protocolVersions.max}. Bring both to the same version of Muster (orchestrator: ${version}).`,
    );
  }
  return {
    welcome: {
      ...{ protocol, orchestratorId, version, heartbeatIntervalMs },
      hasMirror: options.mirror !== undefined,
    },
    identity: identityFromHello(hello),
  };
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
