import { MusterError } from "@muster/base";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { SiteFile } from "../../ports/dashboard-site.ts";
import type { HttpDeps } from "../http-deps.ts";
import { chooseEncoding } from "./encoding.ts";
import { setPageHeaders } from "./page-headers.ts";
import { textPage } from "./text-page.ts";

/** The build puts a hash into each name: what has that name never changes. */
const immutable = "public, max-age=31536000, immutable";

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Muster</title>
<h1>Muster is running</h1>
<p>Its dashboard has not been built here. Run <code>npm run setup</code> in Muster's folder, then start this orchestrator again.</p>
<p>All else works: <code>muster status</code> shows the cluster in a terminal.</p>
</html>
`;

/** The dashboard: one page, and what it loads. Anybody may have it; what it shows needs a key. */
export function siteRoutes(
  app: FastifyInstance,
  deps: Pick<HttpDeps, "site" | "fleet" | "served" | "keyRing" | "sessions">,
): void {
  const { page, assets } = deps.site;

  // Clients of Anthropic's API try whether there is anybody, without a key.
  app.head("/", { config: { public: true } }, (_request, reply) => reply.send());

  app.get("/", { exposeHeadRoute: false, config: { public: true } }, async (request, reply) => {
    reply.header("vary", "accept, accept-encoding");
    if (!isBrowser(request))
      return reply.type("text/plain; charset=utf-8").send(await textPage(request, deps));
    setPageHeaders(reply);
    if (page === undefined) return reply.status(503).type("text/html; charset=utf-8").send(notBuilt);
    return send(request, reply.header("cache-control", "no-cache"), page);
  });

  app.get<{ Params: { "*": string } }>("/assets/*", { config: { public: true } }, (request, reply) => {
    const file = assets.get(request.params["*"]);
    if (file === undefined)
      throw new MusterError("not_found", "There is no such part of the dashboard here.");
    setPageHeaders(reply);
    return send(request, reply.headers({ "cache-control": immutable, vary: "accept-encoding" }), file);
  });
}

function isBrowser({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? "").toLowerCase().includes("text/html");
}

function send({ headers }: FastifyRequest, reply: FastifyReply, file: SiteFile): FastifyReply {
  reply.headers({ etag: file.etag, "content-type": file.contentType });
  const known = (headers["if-none-match"] ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known.includes(file.etag)) return reply.status(304).send();
  const { encoding, body } = chooseEncoding(headers["accept-encoding"], file);
  if (encoding !== undefined) reply.header("content-encoding", encoding);
  return reply.send(body);
}
