import type { FastifyReply, FastifyRequest } from "fastify";
import type { Scope } from "../core/access/principal.ts";
import { parseTraceparent } from "../core/tracing/trace-context.ts";
import type { HttpDeps } from "./http-deps.ts";

/** What is worth a span: probes and what looks on would drown the rest. */
const traced: ReadonlySet<Scope | undefined> = new Set<Scope>(["inference", "batch"]);

/** Every request belongs to a trace, whether or not it is recorded: its id is in headers and log lines. */
export function beginTrace({ newTraceId }: Pick<HttpDeps, "newTraceId">, request: FastifyRequest): void {
  const traceId = parseTraceparent(request.headers["traceparent"])?.traceId ?? newTraceId();
  request.trace = { traceId };
}

/** The server's span of a request that may be asked; it ends with the connection's last word, or its end. */
export function beginServerSpan(
  { tracer }: Pick<HttpDeps, "tracer">,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { method, routeOptions, headers, id, trace } = request;
  if (tracer === undefined || !traced.has(routeOptions.config.scope)) return;
  const span = tracer.root({
    name: `${method} ${routeOptions.url}`,
    kind: "server",
    traceId: trace.traceId,
    remote: parseTraceparent(headers["traceparent"]),
    attributes: {
      "http.request.method": method,
      "http.route": routeOptions.url,
      "url.scheme": request.protocol,
      "muster.request.id": id,
    },
  });
  if (span === undefined) return;
  request.span = span;
  request.trace = span.ref;
  // Unlike Fastify's own hook it comes for streams, and for clients that have left.
  reply.raw.once("close", () => {
    const { statusCode, writableFinished } = reply.raw;
    span.set({ "http.response.status_code": statusCode });
    if (statusCode >= 500) span.end({ error: String(statusCode) });
    else span.end(writableFinished ? {} : { error: "cancelled" });
  });
}
