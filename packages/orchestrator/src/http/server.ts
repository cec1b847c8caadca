import { MusterError } from "@muster/base";
import { type FastifyInstance, fastify } from "fastify";
import { authorize } from "./auth.ts";
import { workersRoutes } from "./cluster/workers.ts";
import { fromFastify, sendError } from "./error-response.ts";
import type { HttpDeps } from "./http-deps.ts";
import { chatCompletionsRoute } from "./openai/chat-completions.ts";
import { completionsRoute } from "./openai/completions.ts";
import { modelsRoutes } from "./openai/models.ts";
import { probeRoutes } from "./probes.ts";

export interface HttpServer {
  /** `http://host:port`. */
  readonly url: string;
  /** Turns new requests away, waits for those under way. */
  close(): Promise<void>;
}

/** Routes that anybody may ask; every other one is refused without a key. */
const publicPaths = new Set(["/healthz", "/readyz"]);

/** Time for a client to send its headers and body: slower ones hold a connection for nothing. */
const headersTimeoutMs = 20_000;
const requestTimeoutMs = 60_000;
const closeGraceMs = 1_000;

export async function startHttpServer(
  deps: HttpDeps,
  listen: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  const app = buildApp(deps);
  let url: string;
  try {
    url = await app.listen({ host: listen.host, port: listen.port });
  } catch (cause) {
    throw new MusterError(
      "internal",
      `Cannot listen on ${listen.host}:${listen.port}: ${MusterError.from(cause).message}. Is another orchestrator running? Choose another with --port.`,
      { cause },
    );
  }
  deps.log.info({ url }, "listening for clients");
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

function buildApp(deps: HttpDeps): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: deps.bodyLimitBytes,
    genReqId: () => deps.newId("req-"),
    requestTimeout: requestTimeoutMs,
    http: { headersTimeout: headersTimeoutMs },
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 512 },
  });

  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    reply.header("request-id", request.id);
    reply.header("x-content-type-options", "nosniff");
    reply.header("cache-control", "no-store");
    if (!publicPaths.has(request.routeOptions.url ?? "")) authorize(request.headers, deps.apiKeys);
  });
  app.addHook("onResponse", async (request, reply) => {
    deps.log.debug(
      {
        requestId: request.id,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: reply.elapsedTime,
      },
      "request answered",
    );
  });
  app.setErrorHandler((thrown: Error, request, reply) => {
    const error = fromFastify(thrown, deps.bodyLimitBytes);
    if (error.code === "internal") {
      deps.log.error(
        { requestId: request.id, route: request.routeOptions.url, error: thrown.stack },
        "request failed",
      );
    }
    return sendError(reply, error);
  });
  app.setNotFoundHandler((request, reply) =>
    sendError(
      reply,
      new MusterError("not_found", `There is no ${request.method} ${pathOf(request.url)} here.`),
    ),
  );

  chatCompletionsRoute(app, deps);
  completionsRoute(app, deps);
  modelsRoutes(app, deps);
  workersRoutes(app, deps);
  probeRoutes(app, deps);
  return app;
}

/** Without the query, which may hold what a client did not mean to show. */
function pathOf(url: string): string {
  return (url.split("?")[0] ?? "").slice(0, 200);
}
