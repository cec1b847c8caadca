import { isUtf8 } from "node:buffer";
import { MusterError } from "@muster/base";
import { type FastifyInstance, fastify } from "fastify";
import { readApiKeys } from "../core/access/api-keys.ts";
import { anthropicRoutes } from "./anthropic/messages.ts";
import { authorize, digestOfKey } from "./auth.ts";
import { fleetRoute } from "./cluster/fleet.ts";
import { mirrorRoutes } from "./cluster/mirror.ts";
import { clusterModelsRoutes } from "./cluster/models.ts";
import { planRoute } from "./cluster/plan.ts";
import { trustRoutes } from "./cluster/trust.ts";
import { workersRoutes } from "./cluster/workers.ts";
import { fromFastify, sendError } from "./error-response.ts";
import type { HttpDeps } from "./http-deps.ts";
import { batchesRoutes } from "./openai/batches.ts";
import { chatCompletionsRoute } from "./openai/chat-completions.ts";
import { completionsRoute } from "./openai/completions.ts";
import { embeddingsRoute } from "./openai/embeddings.ts";
import { filesRoutes } from "./openai/files.ts";
import { modelsRoutes } from "./openai/models.ts";
import { rerankRoute } from "./openai/rerank.ts";
import { tokenizeRoute } from "./openai/tokenize.ts";
import { probeRoutes } from "./probes.ts";
import { refuseConnection } from "./refuse-connection.ts";
import { responsesRoutes } from "./responses/responses.ts";
import { refuseSlowBodies } from "./slow-bodies.ts";

export interface HttpServer {
  /** `http://host:port`. */
  readonly url: string;
  /** Turns new requests away, waits for those under way. */
  close(): Promise<void>;
}

/** Routes that anybody may ask; every other one is refused without a key. */
const publicPaths = new Set(["/healthz", "/readyz"]);

/** Time for a client to send its headers: slower ones hold a connection for nothing. */
const headersTimeoutMs = 20_000;
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
    frameworkErrors: (error, request, reply) => {
      reply.header("x-request-id", request.id);
      reply.header("request-id", request.id);
      void sendError(reply, fromFastify(error, deps.bodyLimitBytes));
    },
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, deps.newId("req-")),
    // Bodies have their own time, in slow-bodies.ts: uploads may take longer.
    requestTimeout: 0,
    http: { headersTimeout: headersTimeoutMs },
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 512 },
  });

  takeOnlyUtf8(app);
  const keys = readApiKeys(deps.apiKeys, digestOfKey);
  app.decorateRequest("tenant", "");
  app.decorateRequest("principal");
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    reply.header("request-id", request.id);
    reply.header("x-content-type-options", "nosniff");
    reply.header("cache-control", "no-store");
    const { url = "" } = request.routeOptions;
    // Clients of Anthropic's API try whether there is anybody, without a key.
    const isPublic = publicPaths.has(url) || (request.method === "HEAD" && url === "/");
    if (isPublic) return;
    request.principal = authorize(request.headers, keys);
    request.tenant = request.principal.tenant;
  });
  refuseSlowBodies(app, deps.clock);
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
  embeddingsRoute(app, deps);
  rerankRoute(app, deps);
  tokenizeRoute(app, deps);
  responsesRoutes(app, deps);
  anthropicRoutes(app, deps);
  filesRoutes(app, deps);
  batchesRoutes(app, deps.batches.desk);
  modelsRoutes(app, deps);
  clusterModelsRoutes(app, deps);
  planRoute(app, deps);
  workersRoutes(app, deps);
  trustRoutes(app, deps);
  mirrorRoutes(app, deps);
  fleetRoute(app, deps);
  probeRoutes(app, deps);
  return app;
}

/**
 * JSON must be UTF-8: a byte that is not would become a replacement character of three, and a body within its limit a
 * message beyond that of the worker link.
 */
function takeOnlyUtf8(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    if (isUtf8(body)) void parse(request, body.toString(), done);
    else done(new MusterError("invalid_json", "The body is not valid UTF-8."));
  });
}

/** Without the query, which may hold what a client did not mean to show. */
function pathOf(url: string): string {
  return (url.split("?")[0] ?? "").slice(0, 200);
}
