import type { FastifyInstance } from "fastify";
import type { HttpDeps } from "./http-deps.ts";

/** What answers on every listener. */
export const probePaths: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

/** Liveness, readiness, and what Prometheus scrapes. */
export function probeRoutes(app: FastifyInstance, deps: HttpDeps): void {
  app.get("/healthz", { config: { public: true } }, () => ({ status: "ok" }));

  app.get("/readyz", { config: { public: true } }, (_request, reply) => {
    const reason = deps.unreadyBecause();
    return reason === undefined
      ? { status: "ready" }
      : reply.status(503).send({ status: "not ready", reason });
  });

  app.get("/metrics", { config: { scope: "metrics" } }, async (_request, reply) => {
    const { contentType, text } = await deps.scrape();
    return reply.header("content-type", contentType).send(text);
  });
}
