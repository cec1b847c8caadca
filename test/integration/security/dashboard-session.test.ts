import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually, startCluster, temporaryDirectory, untilTestEnds } from "../../harness/cluster.ts";
import { dashboardClient } from "../../harness/dashboard-client.ts";
import { keysOf } from "../../harness/keys-api.ts";
import { rawRequest } from "../../support/raw-request.ts";
import { startTestRedis, testRedis } from "../../support/redis.ts";
import { selfSigned } from "../../support/self-signed.ts";

const operator = "an-operator-key-0123456789";
const path = "/dashboard/v1/session";
const secretPattern = /[A-Za-z0-9_-]{43}/;
const json = (text: string) => JSON.parse(text) as Record<string, unknown> & { error?: { message: string } };

const withKey = (overrides: Parameters<typeof startCluster>[0] = {}) =>
  startCluster({ apiKeys: [operator], ...overrides });

async function audited(url: string, action: string) {
  const answer = await fetch(`${url}/cluster/v1/audit?action=${action}`, {
    headers: { authorization: `Bearer ${operator}` },
  });
  return ((await answer.json()) as { data: { actor: string; target: string }[] }).data;
}

describe("the cookie of a session", () => {
  it("is for this host, its own requests and no script, and ends by itself", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    const answer = await browser.signIn(operator);
    expect(answer.status).toBe(200);
    expect(json(answer.text)).toMatchObject({ object: "session", is_open: false, scopes: expect.any(Array) });
    expect(answer.headers["set-cookie"]).toEqual([
      expect.stringMatching(
        /^muster_session=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
      ),
    ]);
    expect(answer.text).not.toMatch(secretPattern);
    expect((await browser.ask({ path: "/cluster/v1/keys" })).status).toBe(200);
  });

  it("goes over TLS alone where there is TLS, and is named so that no other host can set it", async () => {
    const directory = await temporaryDirectory();
    const pair = selfSigned("dashboard");
    const [certFile, keyFile] = [join(directory, "cert.pem"), join(directory, "key.pem")];
    await writeFile(certFile, pair.cert, { mode: 0o600 });
    await writeFile(keyFile, pair.key, { mode: 0o600 });
    const { url } = await withKey({ tls: { kind: "files", certFile, keyFile } });
    const browser = dashboardClient(url, { ca: pair.cert });
    const answer = await browser.signIn(operator);
    expect(answer.headers["set-cookie"]?.[0]).toMatch(/^__Host-muster_session=.*; SameSite=Strict; Secure$/);
    expect((await browser.session()).status).toBe(200);
    const plainName = browser.cookie().replace("__Host-", "");
    expect((await rawRequest(url, { path, ca: pair.cert, headers: { cookie: plainName } })).status).toBe(401);
  });

  it("is so behind a proxy with TLS that is named, and what others say of TLS counts nothing", async () => {
    const { url } = await withKey({ trustedProxies: ["127.0.0.1"] });
    const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "muster.example" };
    const page = { ...forwarded, origin: "https://muster.example" };
    const through = await dashboardClient(url).signIn(operator, page);
    expect(through.headers["set-cookie"]?.[0]).toMatch(/^__Host-muster_session=.*; Secure$/);
    const foreign = { ...forwarded, origin: "https://other.example" };
    expect((await dashboardClient(url).signIn(operator, foreign)).status).toBe(403);

    const { url: unproxied } = await withKey();
    const claimed = await dashboardClient(unproxied).signIn(operator, { "x-forwarded-proto": "https" });
    expect(claimed.headers["set-cookie"]?.[0]).toMatch(/^muster_session=/);
  });

  it("is made at each sign-in: none that was there before counts, and of two none does", async () => {
    const { url } = await withKey();
    const planted = `muster_session=${"A".repeat(43)}`;
    const browser = dashboardClient(url);
    const first = await browser.signIn(operator, { cookie: planted });
    expect(first.status).toBe(200);
    expect(browser.cookie()).not.toBe(planted);
    expect((await rawRequest(url, { path, headers: { cookie: planted } })).status).toBe(401);
    const before = browser.cookie();
    expect((await browser.signIn(operator)).status).toBe(200);
    expect((await rawRequest(url, { path, headers: { cookie: before } })).status).toBe(401);
    const both = `${planted}; ${browser.cookie()}`;
    expect((await rawRequest(url, { path, headers: { cookie: both } })).status).toBe(401);
    expect((await rawRequest(url, { path, headers: { cookie: `a=b; ${browser.cookie()}` } })).status).toBe(
      200,
    );
  });

  it("is nothing but 256 bits: what else it holds is not looked at, and nothing of it is repeated", async () => {
    const { url } = await withKey();
    for (const value of [
      ...["", "x", "A".repeat(42), "A".repeat(44), operator, `${"A".repeat(42)}%`, "../../etc/passwd"],
      ...["A".repeat(4_000), '"quoted"', "a=b=c", "%0d%0aset-cookie: x=y"],
    ]) {
      const answer = await rawRequest(url, { path, headers: { cookie: `muster_session=${value}` } });
      expect({ value, status: answer.status }).toEqual({ value, status: 401 });
      expect(Object.keys(answer.headers)).not.toContain("x");
    }
    // A key with what would begin a header of its own is a wrong key, and stands in no header.
    const injected = await dashboardClient(url).signIn("x\r\nset-cookie: muster_session=y");
    expect([injected.status, injected.headers["set-cookie"]]).toEqual([401, undefined]);
  });
});

describe("what a browser sends with the cookie", () => {
  const foreign: readonly (readonly [string, Record<string, string>])[] = [
    ["another site's page", { origin: "https://other.example" }],
    ["a page without an address", { origin: "null" }],
    ["another port of the same host", { origin: "http://127.0.0.1:1" }],
    ["what is no address", { origin: "::" }],
    ["a page of another site, as the browser says", { "sec-fetch-site": "cross-site" }],
    ["a page of a neighbour, as the browser says", { "sec-fetch-site": "same-site" }],
    ["a form, which cannot send our header", { "x-muster-dashboard": "" }],
  ];

  it("counts from our own page alone where it changes something, signing in and out included", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    await browser.signIn(operator);
    const body = JSON.stringify({ name: "made", scopes: ["read"] });
    for (const [who, headers] of foreign) {
      const made = await browser.ask({ method: "POST", path: "/cluster/v1/keys", body, headers });
      expect({ who, status: made.status }).toEqual({ who, status: 403 });
      expect((await browser.ask({ method: "DELETE", path, headers })).status).toBe(403);
      expect((await dashboardClient(url).signIn(operator, headers)).status).toBe(403);
    }
    expect(await keysOf(url, operator).list()).toEqual([]);
    const sameOrigin = { "sec-fetch-site": "same-origin" };
    const mine = await browser.ask({ method: "POST", path: "/cluster/v1/keys", body, headers: sameOrigin });
    expect(mine.status).toBe(201);
    const refusals = await audited(url, "access.refuse");
    expect(refusals.length).toBeGreaterThan(0);
  });

  it("is refused from other sites where it only reads, but for the page itself", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    await browser.signIn(operator);
    const read = async (at: string, headers: Record<string, string>) =>
      (await browser.ask({ path: at, headers })).status;
    for (const site of ["cross-site", "same-site"]) {
      expect(await read("/v1/models", { "sec-fetch-site": site })).toBe(403);
      expect(await read(path, { "sec-fetch-site": site })).toBe(403);
      expect(await read("/", { "sec-fetch-site": site, accept: "text/html" })).not.toBe(403);
    }
    for (const site of ["same-origin", "none"])
      expect(await read("/v1/models", { "sec-fetch-site": site })).toBe(200);
  });

  it("does not matter to a program that sends its key as well", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    await browser.signIn(operator);
    const { key } = await keysOf(url, operator).create({ name: "reader", scopes: ["read"] });
    const headers = { cookie: browser.cookie(), "x-api-key": key };
    const asked = await rawRequest(url, { path: "/cluster/v1/keys", headers });
    expect(asked.status).toBe(403);
    const wrong = { cookie: browser.cookie(), authorization: "Bearer wrong-key-0123456789" };
    expect((await rawRequest(url, { path: "/v1/models", headers: wrong })).status).toBe(401);
  });
});

describe("a session", () => {
  it("may what its key may, at each moment, and ends with it", async () => {
    const { url } = await withKey();
    const api = keysOf(url, operator);
    const made = await api.create({ name: "anna", scopes: ["read"] });
    const browser = dashboardClient(url);
    expect(json((await browser.signIn(made.key)).text)).toMatchObject({
      ...{ key_name: "anna", tenant: "anna", scopes: ["read"], is_open: false },
    });
    expect((await browser.ask({ path: "/cluster/v1/workers" })).status).toBe(200);
    const refused = await browser.ask({ path: "/cluster/v1/keys" });
    expect([refused.status, json(refused.text).error?.message]).toEqual([
      403,
      expect.stringContaining('needs the scope "admin"'),
    ]);
    await api.revoke(made.id);
    const ended = await browser.session();
    expect([ended.status, json(ended.text).error?.message]).toEqual([
      401,
      expect.stringContaining("was revoked"),
    ]);
    expect((await browser.ask({ path: "/cluster/v1/workers" })).status).toBe(401);
  });

  it("ends with the text of the key that it began with, and not with a newer one", async () => {
    const { url } = await withKey();
    const api = keysOf(url, operator);
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
    const statusAt = async (url: string) => (await rawRequest(url, { path, headers: { cookie } })).status;
    const same = await startCluster({ ...shared, apiKeys: ["anna:first-secret-0123456789"] });
    const other = await startCluster({ ...shared, apiKeys: ["anna:other-secret-0123456789"] });
    expect([await statusAt(same.url), await statusAt(other.url)]).toEqual([200, 401]);
  });

  it("is over on the server once somebody signs out, whoever has a copy of the cookie", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    await browser.signIn(operator);
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
    const { url } = await withKey();
    const { id, key } = await keysOf(url, operator).create({ name: "anna", scopes: ["read"] });
    const endings = [
      async (browser: ReturnType<typeof dashboardClient>) => void (await browser.signOut()),
      async () => void (await keysOf(url, operator).revoke(id)),
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
    const cluster = await startCluster({ redisUrl, redisPrefix, apiKeys: [operator] });
    const hourMs = 3_600_000;
    for (const [field, byMs, status] of [
      ["usedAtMs", 1.9 * hourMs, 200],
      ["usedAtMs", 2 * hourMs, 401],
      ["signedInAtMs", 12 * hourMs, 401],
    ] as const) {
      const browser = dashboardClient(cluster.url);
      await browser.signIn(operator);
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
    const cluster = await startCluster({ redisUrl, redisPrefix, apiKeys: [operator] });
    const browser = dashboardClient(cluster.url);
    await browser.signIn(operator);
    const [name = "", ...more] = await redis.keys(`${redisPrefix}:session:*`);
    expect(more).toEqual([]);
    const kept = `${name} ${await redis.get(name)}`;
    const digest = createHash("sha256").update(operator).digest("hex");
    const secret = browser.cookie().replace(/^.*=/, "");
    expect(secret).toMatch(secretPattern);
    for (const opening of [secret, operator, digest]) expect(kept).not.toContain(opening);
    expect(name).toMatch(/:session:[0-9a-f]{64}$/);
    const stolen = name.replace(/^.*:/, "");
    const headers = { cookie: `muster_session=${stolen.slice(0, 43)}` };
    expect((await rawRequest(cluster.url, { path, headers })).status).toBe(401);
  });

  it("cannot be had where nobody can say: Redis away is told as that", async () => {
    const redis = await startTestRedis();
    untilTestEnds(() => redis.stop());
    const cluster = await startCluster({ redisUrl: redis.url, apiKeys: [operator] });
    const browser = dashboardClient(cluster.url);
    await browser.signIn(operator);
    await redis.kill("SIGKILL");
    const other = dashboardClient(cluster.url);
    await eventually(async () => (await other.signIn(operator)).status === 503);
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
    const slowed = await browser.signIn(operator);
    expect([slowed.status, Number(slowed.headers["retry-after"]) > 0]).toEqual([429, true]);
    // With the key itself everything else goes on.
    const headers = { authorization: `Bearer ${operator}` };
    expect((await rawRequest(url, { path: "/v1/models", headers })).status).toBe(200);
    const refusals = await audited(url, "access.refuse");
    expect(refusals.some(({ target }) => target === `POST ${path}`)).toBe(true);
  });

  it("takes one key as text, and a small body", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    for (const body of ["{}", "[]", '{"key":5}', '{"key":""}', '{"key":"a","more":1}', '{"key"', '"x"'])
      expect((await browser.ask({ method: "POST", path, body })).status).toBe(400);
    expect((await browser.signIn("x".repeat(20_000))).status).toBe(413);
    expect((await browser.signIn(`  ${operator}\n`)).status).toBe(200);
  });

  it("is not needed where nobody has a key, and not possible from another site there", async () => {
    const { url } = await startCluster();
    const { port } = new URL(url);
    const browser = dashboardClient(url);
    const open = await browser.session();
    expect([open.status, json(open.text)["is_open"]]).toEqual([200, true]);
    const signedIn = await browser.signIn("whatever-it-may-be");
    expect([signedIn.status, signedIn.headers["set-cookie"]]).toEqual([200, undefined]);
    const rebound = { host: `evil.example:${port}` };
    expect((await rawRequest(url, { path, headers: rebound })).status).toBe(403);
  });
});
