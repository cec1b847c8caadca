import { describe, expect, it } from "vitest";
import { Muster } from "../client.ts";
import { PermissionDeniedError, ServerError } from "../errors.ts";
import { sendJson, startServer } from "../server.fixture.ts";

describe("muster.keys", () => {
  it("makes, lists, changes, rotates and revokes", async () => {
    const server = await startServer((response) => sendJson(response, { id: "key_a", key: "mst_x" }));
    const { keys } = new Muster({ baseUrl: server.url });
    expect((await keys.create({ name: "ci", scopes: ["inference"] })).key).toBe("mst_x");
    await keys.list();
    await keys.retrieve("key_a");
    await keys.update("key_a", { limits: { weight: 2, concurrency: null } });
    await keys.rotate("key_a", { overlap_seconds: 60 });
    await keys.rotate("key_a");
    await keys.revoke("key_a");
    expect(server.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ["POST", "/cluster/v1/keys", { name: "ci", scopes: ["inference"] }],
      ["GET", "/cluster/v1/keys", undefined],
      ["GET", "/cluster/v1/keys/key_a", undefined],
      ["PATCH", "/cluster/v1/keys/key_a", { limits: { weight: 2, concurrency: null } }],
      ["POST", "/cluster/v1/keys/key_a/rotate", { overlap_seconds: 60 }],
      ["POST", "/cluster/v1/keys/key_a/rotate", {}],
      ["DELETE", "/cluster/v1/keys/key_a", undefined],
    ]);
  });

  it("makes no second key where it does not know of the first", async () => {
    const error = { message: "away", type: "server_error", param: null, code: "store_unavailable" };
    const server = await startServer((response) => sendJson(response, { error }, { status: 503 }));
    const { keys } = new Muster({ baseUrl: server.url, maxRetries: 3 });
    await expect(keys.create({ name: "ci", scopes: ["read"] })).rejects.toThrow(ServerError);
    await expect(keys.rotate("key_a")).rejects.toThrow(ServerError);
    expect(server.seen).toHaveLength(2);
  });

  it("says that a key may not", async () => {
    const error = { message: "needs admin", type: "permission_error", param: null, code: "forbidden" };
    const server = await startServer((response) => sendJson(response, { error }, { status: 403 }));
    const { keys } = new Muster({ baseUrl: server.url });
    await expect(keys.list()).rejects.toThrow(PermissionDeniedError);
  });
});

describe("muster.audit", () => {
  it("lists what is asked for, and verifies with ends that were noted", async () => {
    const server = await startServer((response) => sendJson(response, { intact: true, data: [] }));
    const { audit } = new Muster({ baseUrl: server.url });
    await audit.list();
    await audit.list({ since: 5, actor: "peer:::1", action: "key.create", limit: 3 });
    expect((await audit.verify({ heads: ["a:1:b"] })).intact).toBe(true);
    expect(server.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ["GET", "/cluster/v1/audit", undefined],
      ["GET", "/cluster/v1/audit?since=5&actor=peer%3A%3A%3A1&action=key.create&limit=3", undefined],
      ["POST", "/cluster/v1/audit/verify", { heads: ["a:1:b"] }],
    ]);
  });
});
