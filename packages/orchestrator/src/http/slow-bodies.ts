import type { IncomingMessage } from "node:http";
import type { Clock } from "@muster/base";
import type { FastifyInstance } from "fastify";
import { refuseConnection, slowRequest } from "./refuse-connection.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The body may take as long as it needs, if it comes on. */
    isUpload?: boolean;
  }
}

/** Time for a client to send its body: slower ones hold a connection for nothing. */
const bodyTimeoutMs = 60_000;
/** What an upload must have sent more each time that this has passed. */
const uploadBytesPerTimeout = 64 * 1024;
/** Time for the rest of an upload that was refused: cut off at once, the client would never read why. */
const drainMs = 30_000;

/** Hangs up on bodies that do not come. Node's own limit knows one time for uploads and all others. */
export function refuseSlowBodies(app: FastifyInstance, clock: Clock): void {
  app.addHook("onRequest", async ({ raw, id, routeOptions, trace }) => {
    if (!hasBody(raw)) return;
    let received = raw.socket.bytesRead;
    let stop: () => void = () => {};
    const watch = (): void => {
      stop = clock.after(bodyTimeoutMs, () => {
        if (routeOptions.config.isUpload === true && comesOn(raw, received)) {
          received = raw.socket.bytesRead;
          watch();
        } else {
          refuseConnection(slowRequest, raw.socket, { requestId: id, traceId: trace.traceId });
          raw.socket.destroySoon();
        }
      });
    };
    watch();
    const end = () => stop();
    raw.once("end", end).once("close", end);
  });
}

/** Reads the rest of a body that nobody wants, for a while. */
export function drain(raw: IncomingMessage, clock: Clock): void {
  if (raw.complete || raw.destroyed) return;
  const stop = clock.after(drainMs, () => raw.socket.destroySoon());
  raw.once("end", stop).once("close", stop);
  raw.resume();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** What waits to be read says that it is us who are slow. */
function comesOn(raw: IncomingMessage, received: number): boolean {
  return raw.readableLength > 0 || raw.socket.bytesRead - received >= uploadBytesPerTimeout;
}
