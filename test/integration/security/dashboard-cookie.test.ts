import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../../harness/cluster.ts";
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
import { selfSigned } from "../../support/self-signed.ts";

describe("the cookie of a session", () => {
  it("is for this host, its own requests and no script, and ends by itself", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    const answer = await browser.signIn(sessionKey);
    expect(answer.status).toBe(200);
    expect(parsed(answer.text)).toMatchObject({
      object: "session",
      is_open: false,
      scopes: expect.any(Array),
    });
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
    const answer = await browser.signIn(sessionKey);
    expect(answer.headers["set-cookie"]?.[0]).toMatch(/^__Host-muster_session=.*; SameSite=Strict; Secure$/);
    expect((await browser.session()).status).toBe(200);
    const plainName = browser.cookie().replace("__Host-", "");
    expect(
      (await rawRequest(url, { path: sessionPath, ca: pair.cert, headers: { cookie: plainName } })).status,
    ).toBe(401);
  });

  it("is so behind a proxy with TLS that is named, and what others say of TLS counts nothing", async () => {
    const { url } = await withKey({ trustedProxies: ["127.0.0.1"] });
    const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "muster.example" };
    const page = { ...forwarded, origin: "https://muster.example" };
    const through = await dashboardClient(url).signIn(sessionKey, page);
    expect(through.headers["set-cookie"]?.[0]).toMatch(/^__Host-muster_session=.*; Secure$/);
    const foreign = { ...forwarded, origin: "https://other.example" };
    expect((await dashboardClient(url).signIn(sessionKey, foreign)).status).toBe(403);

    const { url: unproxied } = await withKey();
    const claimed = await dashboardClient(unproxied).signIn(sessionKey, { "x-forwarded-proto": "https" });
    expect(claimed.headers["set-cookie"]?.[0]).toMatch(/^muster_session=/);
  });

  it("is made at each sign-in: none that was there before counts, and of two none does", async () => {
    const { url } = await withKey();
    const planted = `muster_session=${"A".repeat(43)}`;
    const browser = dashboardClient(url);
    const first = await browser.signIn(sessionKey, { cookie: planted });
    expect(first.status).toBe(200);
    expect(browser.cookie()).not.toBe(planted);
    expect((await rawRequest(url, { path: sessionPath, headers: { cookie: planted } })).status).toBe(401);
    const before = browser.cookie();
    expect((await browser.signIn(sessionKey)).status).toBe(200);
    expect((await rawRequest(url, { path: sessionPath, headers: { cookie: before } })).status).toBe(401);
    const both = `${planted}; ${browser.cookie()}`;
    expect((await rawRequest(url, { path: sessionPath, headers: { cookie: both } })).status).toBe(401);
    expect(
      (await rawRequest(url, { path: sessionPath, headers: { cookie: `a=b; ${browser.cookie()}` } })).status,
    ).toBe(200);
  });

  it("is nothing but 256 bits: what else it holds is not looked at, and nothing of it is repeated", async () => {
    const { url } = await withKey();
    for (const value of [
      ...["", "x", "A".repeat(42), "A".repeat(44), sessionKey, `${"A".repeat(42)}%`, "../../etc/passwd"],
      ...["A".repeat(4_000), '"quoted"', "a=b=c", "%0d%0aset-cookie: x=y"],
    ]) {
      const answer = await rawRequest(url, {
        path: sessionPath,
        headers: { cookie: `muster_session=${value}` },
      });
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
    await browser.signIn(sessionKey);
    const body = JSON.stringify({ name: "made", scopes: ["read"] });
    for (const [who, headers] of foreign) {
      const made = await browser.ask({ method: "POST", path: "/cluster/v1/keys", body, headers });
      expect({ who, status: made.status }).toEqual({ who, status: 403 });
      expect((await browser.ask({ method: "DELETE", path: sessionPath, headers })).status).toBe(403);
      expect((await dashboardClient(url).signIn(sessionKey, headers)).status).toBe(403);
    }
    expect(await keysOf(url, sessionKey).list()).toEqual([]);
    const sameOrigin = { "sec-fetch-site": "same-origin" };
    const mine = await browser.ask({ method: "POST", path: "/cluster/v1/keys", body, headers: sameOrigin });
    expect(mine.status).toBe(201);
    const refusals = await audited(url, "access.refuse");
    expect(refusals.length).toBeGreaterThan(0);
  });

  it("is refused from other sites where it only reads, but for the page itself", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    await browser.signIn(sessionKey);
    const read = async (at: string, headers: Record<string, string>) =>
      (await browser.ask({ path: at, headers })).status;
    for (const site of ["cross-site", "same-site"]) {
      expect(await read("/v1/models", { "sec-fetch-site": site })).toBe(403);
      expect(await read(sessionPath, { "sec-fetch-site": site })).toBe(403);
      expect(await read("/", { "sec-fetch-site": site, accept: "text/html" })).not.toBe(403);
    }
    for (const site of ["same-origin", "none"])
      expect(await read("/v1/models", { "sec-fetch-site": site })).toBe(200);
  });

  it("does not matter to a program that sends its key as well", async () => {
    const { url } = await withKey();
    const browser = dashboardClient(url);
    await browser.signIn(sessionKey);
    const { key } = await keysOf(url, sessionKey).create({ name: "reader", scopes: ["read"] });
    const headers = { cookie: browser.cookie(), "x-api-key": key };
    const asked = await rawRequest(url, { path: "/cluster/v1/keys", headers });
    expect(asked.status).toBe(403);
    const wrong = { cookie: browser.cookie(), authorization: "Bearer wrong-key-0123456789" };
    expect((await rawRequest(url, { path: "/v1/models", headers: wrong })).status).toBe(401);
  });
});
