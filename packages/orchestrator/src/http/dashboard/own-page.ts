import { MusterError } from "@muster/base";
import type { FastifyRequest } from "fastify";

/** Our page sends it with every request. Another site's cannot: its browser would ask us first, and we allow nobody. */
const ownHeader = "x-muster-dashboard";

/**
 * Throws `forbidden` for what a browser sends with a cookie and did not come from our own page. Cookies know no ports:
 * another program of the same machine may have a page of the same site.
 */
export function requireOwnPage(request: FastifyRequest): void {
  const { method, headers } = request;
  const isReading = method === "GET" || method === "HEAD";
  const site = headers["sec-fetch-site"];
  // "none": typed, or a bookmark.
  if (site !== undefined && site !== "same-origin" && !(isReading && site === "none"))
    throw refused("a page of another site");
  if (isReading) return;
  if (headers[ownHeader] !== "1") throw refused(`a page that does not send the header ${ownHeader}`);
  if (!isOwnOrigin(request)) throw refused("a page of another address");
}

/** Where a browser names no origin, the header has said enough. A proxy may speak plainly to us for a page with TLS. */
function isOwnOrigin({ headers: { origin }, host, protocol }: FastifyRequest): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (protocol === "https" && page.protocol !== "https:") return false;
  const here = `${page.protocol}//${host}`;
  return URL.canParse(here) && new URL(here).origin === page.origin;
}

function refused(who: string): MusterError {
  return new MusterError(
    "forbidden",
    `Who has signed in to the dashboard may use it from its own page, and this comes from ${who}. Programs send a key: Authorization: Bearer <key>.`,
  );
}
