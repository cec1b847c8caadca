import { createHash } from "node:crypto";
import { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually, startCluster, untilTestEnds } from "../../harness/cluster.ts";
import { dashboardClient } from "../../harness/dashboard-client.ts";
import { keysOf } from "../../harness/keys-api.ts";
import {
  audited,
  parsed,
  secretPattern,
  sessionKey,
  sessionPath,
  withKey,
} from "../../harness/session-cases.ts";
import { rawRequest } from "../../support/raw-request.ts";
import { startTestRedis, testRedis } from "../../support/redis.ts";

describe("a session", () => {
  it("may what its key may, at each moment, and ends with it", async () => {
    const { url } = await withKey();
    const api = keysOf(url, sessionKey);
    const made = await api.create({ name: "anna", scopes: ["read"] });
    const browser = dashboardClient(url);
    expect(parsed((await browser.signIn(made.key)).text)).toMatchObject({
      ...{ key_name: "anna", tenant: "anna", scopes: ["read"], is_open: false },
    });
    expect((await browser.ask({ path: "/cluster/v1/workers" })).status).toBe(200);
    const refused = await browser.ask({ path: "/cluster/v1/keys" });
    expect([refused.status, parsed(refused.text).error?.message]).toEqual([
      403,
      expect.stringContaining('needs the scope "admin"'),
    ]);
    await api.revoke(made.id);
    const ended = await browser.session();
    expect([ended.status, parsed(ended.text).error?.message]).toEqual([
      401,
      expect.stringContaining("was revoked"),
    ]);
    expect((await browser.ask({ path: "/cluster/v1/workers" })).status).toBe(401);
  });

  it("ends with the text of the key that it began with, and not with a newer one", async () => {
    const { url } = await withKey();
    const api = keysOf(url, sessionKey);
    const { id, key } = await api.create({ name: "anna", scopes: ["read"] });
    const old = dashboardClient(url);
    await old.signIn(key);
    const newer = await api.rotate(id, 3_600);
    const fresh = dashboardClient(url);
    await fresh.signIn(newer.key);
    expect([(await old.session()).status, (await fresh.session()).status]).toEqual([200, 200]);
    await api.rotate(id, 0);
    expect([(await old.session()).status, (await fresh.session()).status]).toEqual([401, 401]);
  });

  it("of a configured key ends when that key's text is another, though it is called the same", async () => {
    const shared = { redisUrl: (await testRedis()).url, redisPrefix: `session-${process.pid}` };
    const first = await startCluster({ ...shared, apiKeys: ["anna:first-secret-0123456789"] });
    const browser = dashboardClient(first.url);
    await browser.signIn("first-secret-0123456789");
    const cookie = browser.cookie();
    const statusAt = async (url: string) =>
      (await rawRequest(url, { path: sessionPath, headers: { cookie } })).status;
    const same = await startCluster({ ...shared, apiKeys: ["anna:first-secret-0123456789"] });
    const other = await startCluster({ ...shared, apiKeys: ["anna:other-secret-0123456789"] });
    expect([await statusAt(same.url), await statusAt(other.url)]).toEqual([200, 401]);
  });

  it("is over on the server once somebody signs out, whoever has a copy of the cookie", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    await browser.signIn(sessionKey);
    const copy = browser.cookie();
    const ended = await browser.signOut();
    expect([ended.status, ended.headers["set-cookie"]?.[0]]).toEqual([
      204,
      expect.stringMatching(/^muster_session=; .*Max-Age=0/),
    ]);
    expect((await rawRequest(url, { path: "/v1/models", headers: { cookie: copy } })).status).toBe(401);
    // Once more is no fault.
    expect((await browser.signOut()).status).toBe(204);
    const entered = await audited(url, "dashboard.sign_in");
    const left = await audited(url, "dashboard.sign_out");
    expect(entered).toEqual([
      expect.objectContaining({
        actor: expect.stringMatching(/^configured:key-/),
        target: expect.any(String),
      }),
    ]);
    expect(left.map(({ actor, target }) => ({ actor, target }))).toEqual(
      entered.map(({ actor, target }) => ({ actor, target })),
    );
  });

  it("is all that whoever follows the live view needs, and cuts it when it is over", async () => {
    const { url } = await withKey({ liveIntervalMs: 200 });
    const { id, key } = await keysOf(url, sessionKey).create({ name: "anna", scopes: ["read"] });
    const endings = [
      async (browser: ReturnType<typeof dashboardClient>) => void (await browser.signOut()),
      async () => void (await keysOf(url, sessionKey).revoke(id)),
    ];
    for (const end of endings) {
      const browser = dashboardClient(url);
      await browser.signIn(key);
      const stream = await fetch(`${url}/cluster/v1/live`, { headers: { cookie: browser.cookie() } });
      expect(stream.status).toBe(200);
      const reader = stream.body?.getReader();
      // More than one look at who asks.
      let text = "";
      while (text.split("event: now").length < 3)
        text += new TextDecoder().decode((await reader?.read())?.value ?? new Uint8Array());
      await end(browser);
      while ((await reader?.read())?.done === false);
    }
  });

  it("is over after two hours without use, and after twelve at all", async () => {
    const redisUrl = (await testRedis()).url;
    const redis = new Redis(redisUrl);
    onTestFinished(() => redis.disconnect());
    const redisPrefix = `session-end-${process.pid}`;
    const cluster = await startCluster({ redisUrl, redisPrefix, apiKeys: [sessionKey] });
    const hourMs = 3_600_000;
    for (const [field, byMs, status] of [
      ["usedAtMs", 1.9 * hourMs, 200],
      ["usedAtMs", 2 * hourMs, 401],
      ["signedInAtMs", 12 * hourMs, 401],
    ] as const) {
      const browser = dashboardClient(cluster.url);
      await browser.signIn(sessionKey);
      const [name = ""] = await redis.keys(`${redisPrefix}:session:*`);
      expect(await redis.pttl(name)).toBeLessThanOrEqual(2 * hourMs);
      const kept = JSON.parse((await redis.get(name)) ?? "") as Record<string, number>;
      await redis.set(name, JSON.stringify({ ...kept, [field]: (kept[field] ?? 0) - byMs }), "KEEPTTL");
      expect({ field, status: (await browser.session()).status }).toEqual({ field, status });
      await redis.del(name);
    }
  });

  it("leaves in Redis nothing that opens it, nor the key", async () => {
    const redisUrl = (await testRedis()).url;
    const redis = new Redis(redisUrl);
    onTestFinished(() => redis.disconnect());
    const redisPrefix = `session-kept-${process.pid}`;
    const cluster = await startCluster({ redisUrl, redisPrefix, apiKeys: [sessionKey] });
    const browser = dashboardClient(cluster.url);
    await browser.signIn(sessionKey);
    const [name = "", ...more] = await redis.keys(`${redisPrefix}:session:*`);
    expect(more).toEqual([]);
    const kept = `${name} ${await redis.get(name)}`;
    const digest = createHash("sha256").update(sessionKey).digest("hex");
    const secret = browser.cookie().replace(/^.*=/, "");
    expect(secret).toMatch(secretPattern);
    for (const opening of [secret, sessionKey, digest]) expect(kept).not.toContain(opening);
    expect(name).toMatch(/:session:[0-9a-f]{64}$/);
    const stolen = name.replace(/^.*:/, "");
    const headers = { cookie: `muster_session=${stolen.slice(0, 43)}` };
    expect((await rawRequest(cluster.url, { path: sessionPath, headers })).status).toBe(401);
  });

  it("cannot be had where nobody can say: Redis away is told as that", async () => {
    const redis = await startTestRedis();
    untilTestEnds(() => redis.stop());
    const cluster = await startCluster({ redisUrl: redis.url, apiKeys: [sessionKey] });
    const browser = dashboardClient(cluster.url);
    await browser.signIn(sessionKey);
    await redis.kill("SIGKILL");
    const other = dashboardClient(cluster.url);
    await eventually(async () => (await other.signIn(sessionKey)).status === 503);
  });
});

describe("signing in", () => {
  it("with wrong keys is told, remembered, and slowed down", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    for (let tries = 0; tries < 10; tries++) {
      const answer = await browser.signIn(`wrong-key-number-${tries}`);
      expect([answer.status, answer.headers["set-cookie"]]).toEqual([401, undefined]);
    }
    const slowed = await browser.signIn(sessionKey);
    expect([slowed.status, Number(slowed.headers["retry-after"]) > 0]).toEqual([429, true]);
    // With the key itself everything else goes on.
    const headers = { authorization: `Bearer ${sessionKey}` };
    expect((await rawRequest(url, { path: "/v1/models", headers })).status).toBe(200);
    const refusals = await audited(url, "access.refuse");
    expect(refusals.some(({ target }) => target === `POST ${sessionPath}`)).toBe(true);
  });

  it("takes one key as text, and a small body", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    for (const body of ["{}", "[]", '{"key":5}', '{"key":""}', '{"key":"a","more":1}', '{"key"', '"x"'])
      expect((await browser.ask({ method: "POST", path: sessionPath, body })).status).toBe(400);
    expect((await browser.signIn("x".repeat(20_000))).status).toBe(413);
    expect((await browser.signIn(`  ${sessionKey}\n`)).status).toBe(200);
  });

  it("is not needed where nobody has a key, and not possible from another site there", async () => {
    const { url } = await startCluster();
    const { port } = new URL(url);
    const browser = dashboardClient(url);
    const open = await browser.session();
    expect([open.status, parsed(open.text)["is_open"]]).toEqual([200, true]);
    const signedIn = await browser.signIn("whatever-it-may-be");
    expect([signedIn.status, signedIn.headers["set-cookie"]]).toEqual([200, undefined]);
    const rebound = { host: `evil.example:${port}` };
    expect((await rawRequest(url, { path: sessionPath, headers: rebound })).status).toBe(403);
  });
});
