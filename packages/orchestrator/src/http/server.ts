import { isUtf8 } from "node:buffer";
import type { Socket } from "node:net";
import { MusterError } from "@muster/base";
import { type FastifyInstance, fastify } from "fastify";
import { anthropicRoutes } from "./anthropic/messages.ts";
import { authorize } from "./auth.ts";
import { workersRoutes } from "./cluster/workers.ts";
import { errorBody, fromFastify, sendError } from "./error-response.ts";
import type { HttpDeps } from "./http-deps.ts";
import { chatCompletionsRoute } from "./openai/chat-completions.ts";
import { completionsRoute } from "./openai/completions.ts";
import { embeddingsRoute } from "./openai/embeddings.ts";
import { modelsRoutes } from "./openai/models.ts";
import { rerankRoute } from "./openai/rerank.ts";
import { tokenizeRoute } from "./openai/tokenize.ts";
import { probeRoutes } from "./probes.ts";
import { responsesRoutes } from "./responses/responses.ts";

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
    frameworkErrors: (error, request, reply) => {
      reply.header("x-request-id", request.id);
      reply.header("request-id", request.id);
      void sendError(reply, fromFastify(error, deps.bodyLimitBytes));
    },
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, deps.newId("req-")),
    requestTimeout: requestTimeoutMs,
    http: { headersTimeout: headersTimeoutMs },
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 512 },
  });

  takeOnlyUtf8(app);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    reply.header("request-id", request.id);
    reply.header("x-content-type-options", "nosniff");
    reply.header("cache-control", "no-store");
    const { url = "" } = request.routeOptions;
    // Clients of Anthropic's API try whether there is anybody, without a key.
    const isPublic = publicPaths.has(url) || (request.method === "HEAD" && url === "/");
    if (!isPublic) authorize(request.headers, deps.apiKeys);
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
  embeddingsRoute(app, deps);
  rerankRoute(app, deps);
  tokenizeRoute(app, deps);
  responsesRoutes(app, deps);
  anthropicRoutes(app, deps);
  modelsRoutes(app, deps);
  workersRoutes(app, deps);
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

/** What is no HTTP at all, or has too many headers, in the shape that clients know. */
function refuseConnection(
  error: Error & { readonly code?: string },
  socket: Socket,
  requestId: string,
): void {
  if (socket.destroyed || !socket.writable) return;
  const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
  const isSlow = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  const status = isTooLarge
    ? "431 Request Header Fields Too Large"
    : isSlow
      ? "408 Request Timeout"
      : "400 Bad Request";
  const message = isTooLarge
    ? "The headers are too large."
    : isSlow
      ? "The request took too long to arrive."
      : "This is no HTTP request.";
  const body = JSON.stringify(errorBody(new MusterError("invalid_request", message)));
  const head = `HTTP/1.1 ${status}\r\nx-request-id: ${requestId}\r\nrequest-id: ${requestId}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}

/** Without the query, which may hold what a client did not mean to show. */
function pathOf(url: string): string {
  return (url.split("?")[0] ?? "").slice(0, 200);
}
