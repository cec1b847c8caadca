import { Server, ServerCredentials } from "@grpc/grpc-js";
import { MusterError } from "@muster/base";
import { loadFleet, maxMessageBytes } from "@muster/proto";
import type { Mirror } from "../flows/mirror.ts";
import type { Enrolments } from "../flows/trust/enrolments.ts";
import { acceptStream } from "./accept-stream.ts";
import { createEnrolServer } from "./enrol-service.ts";
import { createEnrolDoor, createWorkerDoor } from "./enrol-sockets.ts";
import { createBlobHandler } from "./fetch-blob.ts";
import { OpenCalls } from "./open-calls.ts";
import { openSecurePort, type PortIdentity, type SecurePort } from "./secure-port.ts";
import type { FleetStream, SessionDeps, WorkerSession } from "./worker-session.ts";

/** Who may join, and who has. */
export interface FleetTrust {
  readonly identity: PortIdentity;
  readonly enrolments: Pick<Enrolments, "admit" | "refusal" | "join" | "renew" | "noteRefusal">;
}

export interface FleetServerOptions extends SessionDeps {
  readonly host: string;
  readonly port: number;
  /** Workers need certificates; undefined only where the listener is on loopback. */
  readonly trust?: FleetTrust | undefined;
  readonly orchestratorId: string;
  readonly version: string;
  /** Undefined: workers fetch model files for themselves. */
  readonly mirror?: Pick<Mirror, "open"> | undefined;
}

export interface FleetServer {
  readonly address: string;
  /** The certificate for connections from now on. Without effect where there are none. */
  show(identity: PortIdentity): void;
  /** Cuts what is open in the name of workers that do not belong to the fleet any more. */
  enforce(): void;
  /** The authorities have changed: every worker has its certificate renewed by and by. */
  tellToRenew(): void;
  close(): Promise<void>;
}

/** Opens the port that workers dial. */
export async function startFleetServer(options: FleetServerOptions): Promise<FleetServer> {
  const { host, port, log, mirror, trust } = options;
  const server = new Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.keepalive_time_ms": 5_000,
    "grpc.keepalive_timeout_ms": 3_000,
    "grpc.keepalive_permit_without_calls": 1,
  });
  const openCalls = new OpenCalls();
  const sessions = new Set<WorkerSession>();
  const shared = { ...options, enrolments: trust?.enrolments, openCalls, sessions };
  const hasMirror = mirror !== undefined;
  server.addService(loadFleet().service, {
    Connect: (stream: FleetStream) => acceptStream(stream, { ...shared, hasMirror }),
    ...(mirror === undefined ? {} : { FetchBlob: createBlobHandler({ ...shared, mirror }) }),
  });
  let bound: { readonly port: number } & Partial<Pick<SecurePort, "show" | "stopListening" | "close">>;
  try {
    bound =
      trust === undefined
        ? { port: await bindPlain(server, host, port) }
        : await bindSecure(server, { ...options, trust });
  } catch (cause) {
    const message = `Cannot listen for workers on ${host}:${port}: the port is taken or not this machine's. Is another orchestrator running? Choose another with --fleet-port.`;
    throw new MusterError("internal", message, { cause });
  }
  log.info({ host, port: bound.port, tls: trust !== undefined }, "listening for workers");
  return {
    address: `${bracketed(host)}:${bound.port}`,
    show: (identity) => bound.show?.(identity),
    enforce: () => {
      if (trust !== undefined) openCalls.enforce((workerId) => trust.enrolments.refusal(workerId));
    },
    tellToRenew: () => {
      for (const session of sessions) session.write({ renew: {} });
    },
    close: async () => {
      bound.stopListening?.();
      await shutDown(server);
      bound.close?.();
    },
  };
}

function bindPlain(server: Server, host: string, port: number): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    server.bindAsync(
      `${bracketed(host)}:${port}`,
      ServerCredentials.createInsecure(),
      (error, actualPort) => {
        if (error === null) resolve(actualPort);
        else reject(error);
      },
    );
  });
}

/** Connections with a worker's certificate meet the fleet's service, all others only that for joining. */
async function bindSecure(server: Server, options: FleetServerOptions & { readonly trust: FleetTrust }) {
  const { host, port, trust, clock, log } = options;
  const enrol = createEnrolServer({ enrolments: trust.enrolments, clock, log });
  const credentials = ServerCredentials.createInsecure();
  const workers = server.createConnectionInjector(credentials);
  const strangers = enrol.createConnectionInjector(credentials);
  const letsStranger = createEnrolDoor(clock);
  const letsWorker = createWorkerDoor();
  const opened = await openSecurePort({
    ...{ host, port, identity: trust.identity, clock, log },
    onSocket: (socket) => {
      const [lets, server] = socket.authorized ? [letsWorker, workers] : [letsStranger, strangers];
      if (lets(socket)) server.injectConnection(socket);
      else socket.destroy();
    },
  });
  return {
    ...opened,
    close: () => {
      enrol.forceShutdown();
      opened.close();
    },
  };
}

function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // Node does not let go of a connection whose peer holds a stream with data that nobody reads: it is not waited for.
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, 1_000);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
