import { fastify } from "fastify";
import { describe, expect, it } from "vitest";
import "./auth.ts";
import { requireRules } from "./route-rules.ts";

const app = () => {
  const server = fastify({ exposeHeadRoutes: true });
  return { server, rules: requireRules(server) };
};
const answer = () => "";

describe("a route", () => {
  it("that does not say who may ask it lets no server start", async () => {
    for (const config of [undefined, {}]) {
      const { server } = app();
      server.get("/open", config === undefined ? {} : { config }, answer);
      await expect(server.ready()).rejects.toThrow(/GET \/open must say who may ask it/);
    }
  });

  it("does not in a scope of its own either", async () => {
    const { server } = app();
    void server.register((scope, _options, done) => {
      scope.post("/open", answer);
      done();
    });
    await expect(server.listen({ port: 0 })).rejects.toThrow(/POST \/open must say/);
  });

  it("is public by name alone, and not with a scope as well", async () => {
    const startedWith = async (path: string, config: object) => {
      const { server } = app();
      server.get(path, { config }, answer);
      await server.ready();
    };
    await expect(startedWith("/open", { public: true })).rejects.toThrow(/not among/);
    await expect(startedWith("/healthz", { public: true, scope: "read" })).rejects.toThrow(/must say/);
    await startedWith("/healthz", { public: true });
  });

  it("has the rule for what Fastify adds to it", () => {
    const { server, rules } = app();
    server.get("/v1/x", { config: { scope: "read" } }, answer);
    expect(rules).toEqual([
      { method: "GET", path: "/v1/x", scope: "read" },
      { method: "HEAD", path: "/v1/x", scope: "read" },
    ]);
  });
});
