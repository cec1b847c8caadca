import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Clock, Log } from "@muster/base";
import { HandshakeGate } from "./handshake-gate.ts";

/** What the port shows, and whom it believes. PEM. */
export interface PortIdentity {
  readonly key: string;
  readonly certificate: string;
  readonly chain: readonly string[];
  readonly anchors: readonly string[];
}

export interface SecurePort {
  readonly port: number;
  /** For connections from now on. */
  show(identity: PortIdentity): void;
  /** Takes no more connections. */
  stopListening(): void;
  close(): void;
}

const handshakeMs = 5_000;
/**
 * A handshake takes this process some milliseconds: after a restart, with a thousand workers at the door, requests are
 * answered in between. The rest wait here for a few seconds; beyond that they are turned away, and dial again with jitter.
 */
const limits = { atOnce: 32, atOncePerAddress: 16, waiting: 512 };
const backlog = 2_048;

/** TLS on a port: `onSocket` gets each connection after its handshake; `authorized` tells whether its certificate counts. */
export async function openSecurePort(options: {
  readonly host: string;
  readonly port: number;
  readonly identity: PortIdentity;
  readonly onSocket: (socket: TLSSocket) => void;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<SecurePort> {
  const { clock, log } = options;
  const gate = new HandshakeGate(limits);
  const leaves = new Map<string, () => void>();
  const sockets = new Set<Socket>();
  const tls = createTlsServer({
    ...contextOf(options.identity),
    ...{ requestCert: true, rejectUnauthorized: false, handshakeTimeout: handshakeMs, ALPNProtocols: ["h2"] },
  });
  const isOver = (socket: Pick<Socket, "remoteAddress" | "remotePort">) => leaves.get(nameOf(socket))?.();
  tls.on("secureConnection", (socket) => {
    isOver(socket);
    socket.on("error", () => {});
    if (socket.alpnProtocol === "h2") options.onSocket(socket);
    else socket.destroy();
  });
  tls.on("tlsClientError", (error, socket) => {
    isOver(socket);
    log.debug({ peer: socket.remoteAddress, reason: error.message }, "no handshake");
    socket.destroy();
  });

  const begin = (socket: Socket, leave: () => void) => {
    if (socket.destroyed) {
      leave();
      return;
    }
    const name = nameOf(socket);
    const end = () => {
      stopWaiting();
      if (leaves.get(name) === end) leaves.delete(name);
      leave();
    };
    // The server's own limit comes first; this is for what it does not tell us of.
    const stopWaiting = clock.after(handshakeMs + 1_000, end);
    leaves.set(name, end);
    socket.once("close", end);
    tls.emit("connection", socket);
  };
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    gate.enter({
      address: socket.remoteAddress ?? "",
      begin: (leave) => begin(socket, leave),
      turnAway: () => void socket.destroy(),
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.host, port: options.port, backlog }, resolve);
  });
  // Where file descriptors run out, a connection is not taken; those that are open go on.
  server.on("error", (error) => log.warn({ error: String(error) }, "a connection was not taken"));
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : options.port,
    show: (identity) => tls.setSecureContext(contextOf(identity)),
    stopListening: () => void server.close(),
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function contextOf({ key, certificate, chain, anchors }: PortIdentity) {
  return { key, cert: [certificate, ...chain].join("\n"), ca: [...anchors], minVersion: "TLSv1.3" as const };
}

function nameOf({ remoteAddress, remotePort }: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return `${remoteAddress} ${remotePort}`;
}
