import { createServer, type Server } from "node:https";
import { type Log, MusterError } from "@muster/base";
import type { FastifyInstance, FastifyServerOptions } from "fastify";
import type { CertificatePair, ServerCertificates } from "../ports/server-certificates.ts";

const handshakeTimeoutMs = 10_000;
const closeGraceMs = 1_000;
/** As Fastify has it for plain servers. */
const keepAliveMs = 72_000;
const minVersion = "TLSv1.2";

/** What plain servers and those with TLS have in common. */
export function connectionLimits(headersTimeoutMs: number) {
  return {
    headersTimeout: headersTimeoutMs,
    // Node looks so seldom by itself that a connection would be held for far longer.
    connectionsCheckingInterval: headersTimeoutMs / 4,
  };
}

/** Options of Fastify for what it listens with; without certificates it is plain. */
export function encryption(
  certificates: ServerCertificates | undefined,
  { headersTimeoutMs, log }: { readonly headersTimeoutMs: number; readonly log: Log },
): Pick<FastifyServerOptions, "serverFactory"> {
  if (certificates === undefined) return {};
  return {
    // Called again for each address where there are several, as `localhost` has.
    serverFactory: (handler) => {
      const { cert, key } = certificates.current();
      const server: Server = createServer(
        {
          cert,
          key,
          minVersion,
          handshakeTimeout: handshakeTimeoutMs,
          ...connectionLimits(headersTimeoutMs),
        },
        handler,
      );
      server.keepAliveTimeout = keepAliveMs;
      // Bodies have their own time, in slow-bodies.ts.
      server.requestTimeout = 0;
      const stop = certificates.onChange((pair) => renew(server, pair, log));
      server.once("close", stop);
      return server;
    },
  };
}

/** Connections that are open go on with the one before. */
function renew(server: Server, { cert, key }: CertificatePair, log: Log): void {
  server.setSecureContext({ cert, key, minVersion });
  log.info({}, "the certificate for clients was renewed");
}

export interface Listener {
  /** `http://host:port`, or `https:`. */
  readonly url: string;
  close(): Promise<void>;
}

export async function listenWith(
  app: FastifyInstance,
  listen: {
    readonly host: string;
    readonly port: number;
    readonly isEncrypted: boolean;
    readonly flag: string;
  },
): Promise<Listener> {
  const { host, port, isEncrypted, flag } = listen;
  let url: string;
  try {
    url = (await app.listen({ host, port })).replace(/^http:/, isEncrypted ? "https:" : "http:");
  } catch (cause) {
    throw new MusterError(
      "internal",
      `Cannot listen on ${host}:${port}: ${MusterError.from(cause).message}. Is another orchestrator running? Choose another with ${flag}.`,
      { cause },
    );
  }
  return {
    url,
    async close() {
      // By now every answer has ended. Some clients open connections ahead and never use them: Node waits for those.
      const force = setTimeout(() => app.server.closeAllConnections(), closeGraceMs);
      await app.close();
      clearTimeout(force);
    },
  };
}
