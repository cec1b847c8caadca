import { describe, expect, it } from "vitest";
import { startCluster, untilSuiteEnds } from "../../harness/cluster.ts";
import { keysOf } from "../../harness/keys-api.ts";

const operator = "an-operator-key-0123456789";
const scopes = ["inference", "batch", "read", "metrics", "admin"] as const;
const open = ["GET /healthz", "HEAD /healthz", "GET /readyz", "HEAD /readyz", "HEAD /"];
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

  it("is said by every route, those that come by themselves too; three are open", async () => {
    const all = await routes();
    expect(all.length).toBeGreaterThan(60);
    expect(all.some(({ method, path }) => `${method} ${path}` === "HEAD /v1/models")).toBe(true);
    const unguarded = all.filter(({ scope }) => scope === undefined);
    expect(unguarded.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([...open].sort());
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
        expect({ ...route, status }).toEqual({ ...route, status: route.scope === undefined ? 200 : 401 });
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
      for (const route of all.filter(({ path }) => !path.startsWith("/cluster/v1/keys"))) {
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
