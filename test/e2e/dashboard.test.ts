import { beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster, untilSuiteEnds } from "../harness/cluster.ts";
import { operatorKey, signedIn, signIn } from "../harness/dashboard-drive.ts";
import { keysOf } from "../harness/keys-api.ts";
import { browserNote, noBrowser, startBrowser } from "../support/browser.ts";
import { rawRequest } from "../support/raw-request.ts";

describe.skipIf(noBrowser !== undefined)(`the dashboard's door${browserNote}`, () => {
  const atEnd = untilSuiteEnds();
  const browser = startBrowser(atEnd);
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ apiKeys: [`office:${operatorKey}`] }, atEnd);
  });

  it("lets in who has a key, keeps them in, and is closed on the server when they sign out", async () => {
    const { url } = cluster;
    const { page } = await signedIn(browser, url);
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    const cookies = await page.context().cookies();
    expect(cookies).toMatchObject([
      { name: "muster_session", httpOnly: true, sameSite: "Strict", path: "/", secure: false },
    ]);
    expect(
      await page.evaluate("document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })"),
    ).not.toMatch(/muster_session|operator-key/);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    expect(await page.context().cookies()).toEqual([]);
    const headers = { cookie: `muster_session=${cookies[0]?.value}` };
    expect((await rawRequest(url, { path: "/v1/models", headers })).status).toBe(401);
  });

  it.each([
    ["light", "desktop"],
    ["dark", "phone"],
  ] as const)("says in %s, on a %s, what is wrong with a key, to everybody", async (theme, width) => {
    const { page, violations, screenshot, expectError } = await browser.open(cluster.url, { theme, width });
    await page.getByLabel("Key").waitFor();
    expect(await violations()).toEqual([]);
    await screenshot(`sign-in-${theme}`);
    await page.getByLabel("Key").fill("a-key-that-nobody-has");
    expectError("status of 401");
    await page.keyboard.press("Enter");
    await page.getByText("not valid here").waitFor();
    expect(await violations()).toEqual([]);
    await signIn(page, operatorKey);
  });

  it("lets nothing run, load or be framed but its own, and these tests see what tries", async () => {
    const { page, faults, expectError, violations } = await browser.open(cluster.url);
    await page.getByLabel("Key").waitFor();
    expect(faults()).toEqual([]);
    expectError(/.*/);
    const tries: readonly (readonly [string, RegExp])[] = [
      ["new Image().src = 'https://other.example/a.png'", /img-src forbids https:\/\/other\.example/],
      ["void fetch('https://other.example/').catch(() => {})", /connect-src forbids/],
      [
        "document.body.append(Object.assign(document.createElement('style'), { textContent: 'b {}' }))",
        /style-src/,
      ],
      ["document.body.append(Object.assign(document.createElement('base'), { href: '/x/' }))", /base-uri/],
      [
        "(() => { try { document.body.lastChild.innerHTML = '<i>' } catch {} })()",
        /require-trusted-types-for/,
      ],
      ["setTimeout(() => { throw new Error('thrown by a part') })", /thrown: .*thrown by a part/s],
    ];
    for (const [script, seen] of tries) {
      await page.evaluate(script);
      await expect.poll(() => faults().some((fault) => seen.test(fault))).toBe(true);
    }
    await page.evaluate("document.body.append(document.createElement('img'))");
    expect(await violations()).toContainEqual(expect.stringMatching(/^image-alt: /));
  });

  it("shows to a key what it is for, and no more", async () => {
    const { key } = await keysOf(cluster.url, operatorKey).create({ name: "anna", scopes: ["read"] });
    const { page } = await signedIn(browser, cluster.url, { key });
    const offered = page.getByRole("navigation", { name: "Views" }).filter({ visible: true });
    expect(await offered.getByRole("link", { name: "Workers" }).count()).toBe(1);
    for (const name of ["Keys & invites", "Playground", "Batches"])
      expect(await offered.getByRole("link", { name }).count()).toBe(0);
  });

  it("closes for whoever has a key that is revoked, while they look at a page", async () => {
    const api = keysOf(cluster.url, operatorKey);
    const { id, key } = await api.create({ name: "berta", scopes: ["read"] });
    const { page, expectError } = await signedIn(browser, cluster.url, { key });
    expectError("status of 401");
    await api.revoke(id);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  });
});

describe.skipIf(noBrowser !== undefined)(`a dashboard that needs no key${browserNote}`, () => {
  const browser = startBrowser(untilSuiteEnds());

  it("is open at once on a machine of one's own", async () => {
    const { url } = await startCluster();
    const { page } = await browser.open(url);
    await page.getByText("No key needed").waitFor();
    expect(await page.getByRole("button", { name: "Sign out" }).count()).toBe(0);
  });
});
