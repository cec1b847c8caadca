import { isUtf8 } from "node:buffer";
import { MusterError } from "@muster/base";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { mayDo, type Scope } from "../core/access/principal.ts";
import type { ServerCertificates } from "../ports/server-certificates.ts";
import { anthropicRoutes } from "./anthropic/messages.ts";
import { authorize, requireScope } from "./auth.ts";
import { auditRoutes } from "./cluster/audit.ts";
import { fleetRoute } from "./cluster/fleet.ts";
import { keysRoutes } from "./cluster/keys.ts";
import { mirrorRoutes } from "./cluster/mirror.ts";
import { clusterModelsRoutes } from "./cluster/models.ts";
import { planRoute } from "./cluster/plan.ts";
import { trustRoutes } from "./cluster/trust.ts";
import { usageRoute } from "./cluster/usage.ts";
import { workersRoutes } from "./cluster/workers.ts";
import { fromFastify, isShortened, sendError } from "./error-response.ts";
import type { HttpDeps } from "./http-deps.ts";
import { connectionLimits, encryption, type Listener, listenWith } from "./listener.ts";
import { batchesRoutes } from "./openai/batches.ts";
import { chatCompletionsRoute } from "./openai/chat-completions.ts";
import { completionsRoute } from "./openai/completions.ts";
import { embeddingsRoute } from "./openai/embeddings.ts";
import { filesRoutes } from "./openai/files.ts";
import { modelsRoutes } from "./openai/models.ts";
import { rerankRoute } from "./openai/rerank.ts";
import { tokenizeRoute } from "./openai/tokenize.ts";
import { probePaths, probeRoutes } from "./probes.ts";
import { refuseConnection } from "./refuse-connection.ts";
import { responsesRoutes } from "./responses/responses.ts";
import { type RouteRule, requireRules } from "./route-rules.ts";
import { refuseSlowBodies } from "./slow-bodies.ts";

export interface HttpServer {
  /** `http://host:port`, or `https:`. */
  readonly url: string;
  /** Of the listener for administrators, where there is one. */
  readonly adminUrl: string | undefined;
  /** Of the listener for metrics, where there is one. */
  readonly metricsUrl: string | undefined;
  /** Who may ask what. */
  readonly routes: readonly RouteRule[];
  /** Turns new requests away, waits for those under way. */
  close(): Promise<void>;
}

interface Listen {
  readonly host: string;
  readonly port: number;
  /** Where what administrates answers alone; undefined: with everything else. */
  readonly admin: { readonly host: string; readonly port: number } | undefined;
  /** Where metrics answer alone, and nothing else does; undefined: where what administrates does. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** Undefined: plain. */
  readonly certificates: ServerCertificates | undefined;
  readonly trustedProxies: readonly string[];
  /** Time for a client to send its headers: slower ones hold a connection for nothing. */
  readonly headersTimeoutMs: number;
}

/** Which of the listeners it is: each answers what is for it. */
type Role = "clients" | "admins" | "metrics";

export async function startHttpServer(deps: HttpDeps, listen: Listen): Promise<HttpServer> {
  const { host, port, admin, metrics, certificates } = listen;
  const isEncrypted = certificates !== undefined;
  const open: (Listener & { readonly rules: readonly RouteRule[] })[] = [];
  const close = async () => {
    await Promise.all(open.map((each) => each.close()));
  };
  const start = async (role: Role, at: { readonly host: string; readonly port: number }, flag: string) => {
    const { app, rules } = buildApp(deps, { ...listen, role });
    const listener = await listenWith(app, { ...at, isEncrypted, flag });
    open.push({ ...listener, rules });
    deps.log.info({ url: listener.url }, `listening for ${listenersFor[role]}`);
    return { ...listener, rules };
  };
  try {
    const clients = await start("clients", { host, port }, "--port");
    const admins = admin && (await start("admins", admin, "MUSTER_ADMIN_PORT"));
    const scrapers = metrics && (await start("metrics", metrics, "MUSTER_METRICS_PORT"));
    const urls = { url: clients.url, adminUrl: admins?.url, metricsUrl: scrapers?.url };
    return { ...urls, routes: clients.rules, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const listenersFor: Readonly<Record<Role, string>> = {
  clients: "clients",
  admins: "administrators",
  metrics: "who scrapes metrics",
};

function buildApp(
  deps: HttpDeps,
  listen: Listen & { readonly role: Role },
): { readonly app: FastifyInstance; readonly rules: readonly RouteRule[] } {
  const { certificates, trustedProxies, headersTimeoutMs } = listen;
  const app = fastify({
    ...encryption(certificates, { headersTimeoutMs, log: deps.log }),
    http: connectionLimits(headersTimeoutMs),
    logger: false,
    // What a client says of where it comes from counts only from proxies that are known.
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    bodyLimit: deps.bodyLimitBytes,
    genReqId: () => deps.newId("req-"),
    frameworkErrors: (error, request, reply) => {
      setHeaders(request, reply);
      const refusal = refusalOf(request, deps);
      // No hook runs for these: whoever tries keys here would not be remembered.
      if (refusal !== undefined) deps.refusals.note(request, refusal);
      void sendError(reply, refusal ?? fromFastify(error, deps.bodyLimitBytes));
    },
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, deps.newId("req-")),
    // Bodies have their own time, in slow-bodies.ts: uploads may take longer.
    requestTimeout: 0,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 512 },
  });

  takeOnlyUtf8(app);
  const rules = requireRules(app);
  app.decorateRequest("tenant", "");
  app.decorateRequest("principal");
  app.addHook("onRequest", async (request, reply) => {
    setHeaders(request, reply);
    const { config, url = "" } = request.routeOptions;
    if (config.public === true) {
      if (listen.role === "metrics" && !probePaths.has(url)) throw notThere(request);
      return;
    }
    request.principal = authorize(request.headers, deps.keyRing);
    request.tenant = request.principal.tenant;
    const elsewhere = whereElse(config.scope, listen);
    if (elsewhere !== undefined) throw isElsewhere(request, elsewhere);
    requireScope(request);
  });
  app.addHook("onError", async (request, _reply, error) => deps.refusals.note(request, error));
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
    if (isShortened(error)) {
      deps.log.error(
        { requestId: request.id, route: request.routeOptions.url, error: thrown.stack },
        "request failed",
      );
    }
    return sendError(reply, error);
  });
  app.setNotFoundHandler((request, reply) => sendError(reply, notThere(request)));

  chatCompletionsRoute(app, deps);
  completionsRoute(app, deps);
  embeddingsRoute(app, deps);
  rerankRoute(app, deps);
  tokenizeRoute(app, deps);
  responsesRoutes(app, deps);
  anthropicRoutes(app, deps);
  filesRoutes(app, deps);
  batchesRoutes(app, deps);
  modelsRoutes(app, deps);
  clusterModelsRoutes(app, deps);
  planRoute(app, deps);
  workersRoutes(app, deps);
  trustRoutes(app, deps);
  mirrorRoutes(app, deps);
  fleetRoute(app, deps);
  keysRoutes(app, deps);
  auditRoutes(app, deps);
  usageRoute(app, deps);
  probeRoutes(app, deps);
  return { app, rules };
}

/** Of every answer. */
function setHeaders({ id }: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", id);
  reply.header("request-id", id);
  reply.header("x-content-type-options", "nosniff");
  reply.header("cache-control", "no-store");
}

/** Why somebody may not even learn what is wrong with a path that no route was found for. */
function refusalOf({ headers }: FastifyRequest, { keyRing }: HttpDeps): MusterError | undefined {
  try {
    authorize(headers, keyRing);
    return undefined;
  } catch (error) {
    return MusterError.from(error);
  }
}

/** Where a route answers if not here: the setting of its listener; "" for the one of clients. */
function whereElse(scope: Scope | undefined, { role, admin, metrics }: Listen & { readonly role: Role }) {
  if (scope === "metrics" && metrics !== undefined)
    return role === "metrics" ? undefined : "MUSTER_METRICS_PORT";
  if (role === "metrics") return "";
  const isForAdministrators = scope === "admin" || scope === "metrics";
  return role === "clients" && admin !== undefined && isForAdministrators ? "MUSTER_ADMIN_PORT" : undefined;
}

const whatIsThere: Readonly<Record<string, string>> = {
  MUSTER_ADMIN_PORT: " What administrates answers on a listener of its own (MUSTER_ADMIN_PORT).",
  MUSTER_METRICS_PORT: " Metrics answer on a listener of their own (MUSTER_METRICS_PORT).",
};

/** Where it is, is told to those who may ask there. */
function isElsewhere(request: FastifyRequest, setting: string): MusterError {
  const { scope = "admin" } = request.routeOptions.config;
  const { message } = notThere(request);
  const where = whatIsThere[setting] ?? "";
  return new MusterError("not_found", mayDo(request.principal, scope) ? message + where : message);
}

function notThere({ method, url }: FastifyRequest): MusterError {
  return new MusterError("not_found", `There is no ${method} ${pathOf(url)} here.`);
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
