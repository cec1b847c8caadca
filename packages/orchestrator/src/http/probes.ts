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

  // Clients of Anthropic's API try whether there is anybody, without a key.
  app.head("/", { config: { public: true } }, (_request, reply) => reply.send());

  app.get("/", { exposeHeadRoute: false, config: { scope: "read" } }, (_request, reply) => {
    const models = deps.served.list();
    const workers = deps.fleet.workers().filter((worker) => worker.state !== "lost");
    const page = [
      "Muster is running.",
      "",
      `  workers  ${workers.length}${workers.length === 0 ? "  (start one: muster worker --join <this host>)" : ""}`,
      `  models   ${models.join(", ") || "none yet"}`,
      "",
      "  OpenAI API    POST /v1/chat/completions   POST /v1/responses   POST /v1/completions   GET /v1/models",
      "                POST /v1/embeddings   POST /v1/rerank   POST /v1/tokenize   POST /v1/files   POST /v1/batches",
      "  Anthropic API POST /v1/messages",
      "  cluster API   GET /cluster/v1/workers",
      "  probes        GET /healthz   GET /readyz   GET /metrics",
      "",
    ];
    return reply.header("content-type", "text/plain; charset=utf-8").send(page.join("\n"));
  });
}
