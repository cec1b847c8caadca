import { describe, expect, it } from "vitest";
import { startCluster, untilSuiteEnds } from "../../harness/cluster.ts";
import { keysOf } from "../../harness/keys-api.ts";

const operator = "an-operator-key-0123456789";
const scopes = ["inference", "batch", "read", "metrics", "admin"] as const;
/** With what each answers to whoever has no key: there is no such part of a page, and nobody who has signed in. */
const open: Readonly<Record<string, number>> = {
  ...{ "GET /healthz": 200, "HEAD /healthz": 200, "GET /readyz": 200, "HEAD /readyz": 200 },
  ...{ "GET /": 200, "HEAD /": 200, "GET /assets/*": 404, "HEAD /assets/*": 404 },
  ...{ "GET /dashboard/v1/session": 401, "HEAD /dashboard/v1/session": 401 },
  // Not from the page of the dashboard.
  ...{ "POST /dashboard/v1/session": 403, "DELETE /dashboard/v1/session": 403 },
};
/** What is asked with nothing for each parameter is not there, or not good: anything but "you may not". */
const turnedAway = [401, 403];

describe("who may ask", () => {
  const atEnd = untilSuiteEnds();
  let starting: ReturnType<typeof startCluster> | undefined;
  const cluster = () => {
    starting ??= startCluster({ apiKeys: [operator] }, atEnd);
    return starting;
  };
  const routes = async () =>
    (await cluster()).orchestrator.routes.map(({ method, path, scope }) => ({
      method,
      path: path.replace(/:\w+|\*/g, "x"),
      scope,
    }));
  const statusOf = async (route: { method: string; path: string }, headers: Record<string, string>) => {
    const { url } = await cluster();
    const response = await fetch(`${url}${route.path}`, { method: route.method, headers });
    // The live view has no end.
    await response.body?.cancel();
    return response.status;
  };

  it("is said by every route, those that come by themselves too; few are open", async () => {
    const all = await routes();
    expect(all.length).toBeGreaterThan(60);
    expect(all.some(({ method, path }) => `${method} ${path}` === "HEAD /v1/models")).toBe(true);
    const unguarded = all.filter(({ scope }) => scope === undefined);
    const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
    expect(unguarded.map(nameOf).sort()).toEqual(
      Object.keys(open)
        .map((name) => name.replace("*", "x"))
        .sort(),
    );
  });

  it("is nobody without a key, with a wrong one or with one that is sent in the wrong way", async () => {
    const asked = [...(await routes()), { method: "GET", path: "/not/there", scope: "read" as const }];
    for (const headers of [
      {},
      { authorization: "Bearer wrong-key-0123456789" },
      { authorization: operator },
      { authorization: `Basic ${btoa(`x:${operator}`)}` },
      { cookie: `key=${operator}` },
    ] as Record<string, string>[])
      for (const route of asked) {
        const status = await statusOf(route, headers);
        // A key that is wrong is told at `/` as well.
        const name = `${route.method} ${route.path.replace("/assets/x", "/assets/*")}`;
        const isWrongAtRoot = name === "GET /" && headers["authorization"]?.includes("wrong") === true;
        const expected = isWrongAtRoot || route.scope !== undefined ? 401 : open[name];
        expect({ ...route, headers, status }).toEqual({ ...route, headers, status: expected });
      }
    for (const path of ["/%", `/cluster/v1/workers/${"x".repeat(600)}`]) {
      expect(await statusOf({ method: "GET", path }, {})).toBe(401);
      expect([400, 404]).toContain(await statusOf({ method: "GET", path }, { "x-api-key": operator }));
    }
    expect(await statusOf({ method: "OPTIONS", path: "/v1/models" }, { origin: "https://x.example" })).toBe(
      401,
    );
    expect(await statusOf({ method: "GET", path: "/v1/models" }, { "x-api-key": operator })).toBe(200);
  });

  it("is a key of the route's scope, and of no other but admin", async () => {
    const { url } = await cluster();
    const all = await routes();
    const api = keysOf(url, operator);
    for (const scope of scopes) {
      const { key } = await api.create({ name: `only-${scope}`, scopes: [scope] });
      const isAsked = ({ path }: { path: string }) => !/^\/(cluster\/v1\/keys|dashboard\/)/.test(path);
      for (const route of all.filter(isAsked)) {
        const status = await statusOf(route, { authorization: `Bearer ${key}` });
        const isListing = route.path.startsWith("/v1/models") && ["batch", "read"].includes(scope);
        const isAllowed =
          route.scope === undefined || route.scope === scope || scope === "admin" || isListing;
        expect({ ...route, key: scope, isAway: turnedAway.includes(status) }).toEqual({
          ...{ ...route, key: scope, isAway: !isAllowed },
        });
        if (!isAllowed) expect(status).toBe(403);
      }
    }
  });

  it("is told which scope is missing, in the words of the API that was asked", async () => {
    const { url } = await cluster();
    const { key } = await keysOf(url, operator).create({ name: "reader", scopes: ["read"] });
    const ask = async (path: string) => {
      const headers = { "x-api-key": key, "content-type": "application/json" };
      const response = await fetch(`${url}${path}`, { method: "POST", headers, body: "{}" });
      return (await response.json()) as { type?: string; error: { message: string; code?: string } };
    };
    const refused = await ask("/v1/chat/completions");
    expect(refused.error.code).toBe("forbidden");
    expect(refused.error.message).toContain('needs the scope "inference"');
    expect((await ask("/v1/messages")).type).toBe("error");
  });
});
