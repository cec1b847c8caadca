import type { FastifyInstance } from "fastify";
import type { Scope } from "../core/access/principal.ts";

/** A route, and who may ask it. */
export interface RouteRule {
  readonly method: string;
  readonly path: string;
  /** Undefined: anybody. */
  readonly scope: Scope | undefined;
}

/** What anybody may ask, by name: no other route can be made public by its options alone. */
const publicRoutes = new Set([
  ...["GET /healthz", "HEAD /healthz", "GET /readyz", "HEAD /readyz"],
  // The page and its parts show nothing by themselves; signing in is how one gets a key in.
  ...["GET /", "HEAD /", "GET /assets/*", "HEAD /assets/*"],
  ...["GET", "HEAD", "POST", "DELETE"].map((method) => `${method} /dashboard/v1/session`),
]);

/**
 * Lets no server start with a route that does not say who may ask it: nothing is open because somebody forgot.
 * Gives the routes as they are added, with those that Fastify adds by itself.
 */
export function requireRules(app: FastifyInstance): readonly RouteRule[] {
  const rules: RouteRule[] = [];
  const faults: string[] = [];
  app.addHook("onRoute", ({ method, url, config }) => {
    for (const each of [method].flat()) {
      const name = `${each} ${url}`;
      const isPublic = config?.public === true;
      if (isPublic && !publicRoutes.has(name))
        faults.push(`${name} says that it is public, and is not among the routes that may be.`);
      if (isPublic === (config?.scope !== undefined))
        faults.push(`${name} must say who may ask it: config: { scope: ... }.`);
      rules.push({ method: each, path: url, scope: config?.scope });
    }
  });
  // Not where the route is added: what a plugin throws there would be nobody's.
  app.addHook("onReady", async () => {
    if (faults.length > 0) throw new Error(faults.join(" "));
  });
  return rules;
}
