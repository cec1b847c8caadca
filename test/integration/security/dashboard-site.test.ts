import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { startCluster, temporaryDirectory } from "../../harness/cluster.ts";
import { dashboardClient } from "../../harness/dashboard-client.ts";
import { keysOf } from "../../harness/keys-api.ts";
import { rawRequest } from "../../support/raw-request.ts";

const operator = "an-operator-key-0123456789";
const json = (text: string) => JSON.parse(text) as Record<string, unknown> & { error?: { message: string } };

describe("the page and its parts", () => {
  const script = "console.log('a part of the page');\n".repeat(50);
  async function withSite() {
    const folder = await temporaryDirectory();
    await mkdir(join(folder, "assets"));
    await writeFile(join(folder, "index.html"), "<!doctype html><title>Muster</title>");
    await writeFile(join(folder, "assets/index-abc.js"), script);
    await writeFile(join(folder, "assets/index-abc.js.gz"), gzipSync(script));
    await writeFile(join(folder, "assets/index-abc.js.br"), brotliCompressSync(script));
    await writeFile(join(folder, "assets/notes.txt"), "not of the page");
    await writeFile(join(folder, "secret.txt"), "outside");
    return startCluster({ apiKeys: [operator], dashboardDirectory: folder });
  }
  const browserAccepts = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

  it("are public, and let nothing else in, out or around them", async () => {
    const { url } = await withSite();
    const page = await rawRequest(url, { path: "/", headers: browserAccepts });
    expect([page.status, page.text]).toEqual([200, "<!doctype html><title>Muster</title>"]);
    expect(page.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "permissions-policy": expect.stringContaining("camera=()"),
    });
    const policy = new Map(
      String(page.headers["content-security-policy"])
        .split("; ")
        .map((each) => [each.split(" ")[0], each.split(" ").slice(1).join(" ")]),
    );
    expect(Object.fromEntries(policy)).toEqual({
      "default-src": "'none'",
      ...{ "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'", "font-src": "'self'" },
      "img-src": "'self' blob: data:",
      ...{ "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'" },
      "require-trusted-types-for": "'script'",
    });
    expect(page.headers["set-cookie"]).toBeUndefined();
  });

  it("are cached for ever by their names, compressed as the browser likes, and known by a tag", async () => {
    const { url } = await withSite();
    const ask = (headers: Record<string, string>) =>
      rawRequest(url, { path: "/assets/index-abc.js", headers });
    const plain = await ask({});
    expect([plain.status, plain.text, plain.headers["content-encoding"]]).toEqual([200, script, undefined]);
    expect(plain.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      vary: "accept-encoding",
    });
    expect((await ask({ "accept-encoding": "gzip, deflate, br, zstd" })).headers["content-encoding"]).toBe(
      "br",
    );
    const zipped = await ask({ "accept-encoding": "br;q=0, gzip;q=0.5" });
    expect([zipped.headers["content-encoding"], gunzipSync(zipped.body).toString()]).toEqual([
      "gzip",
      script,
    ]);
    const known = await ask({ "if-none-match": `W/"x", ${plain.headers.etag}` });
    expect([known.status, known.body.length]).toEqual([304, 0]);
    const page = await rawRequest(url, { path: "/", headers: browserAccepts });
    const again = await rawRequest(url, {
      ...{ path: "/", headers: { ...browserAccepts, "if-none-match": String(page.headers.etag) } },
    });
    expect(again.status).toBe(304);
  });

  it("are no way to any other file", async () => {
    const { url } = await withSite();
    for (const at of [
      ...["/assets/", "/assets/notes.txt", "/assets/index-abc.js.br", "/assets/none.js", "/assets/__proto__"],
      ...[
        "/assets/../secret.txt",
        "/assets/..%2fsecret.txt",
        "/assets/..%5csecret.txt",
        "/assets/%2e%2e/secret.txt",
      ],
      ...["/assets/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/assets//etc/passwd", "/assets/./index-abc.js"],
      ...["/assets/index-abc.js%00", "/assets/index-abc.js/", "/assets/constructor"],
    ]) {
      const answer = await rawRequest(url, { path: at });
      expect({ at, isRefused: [400, 401, 404].includes(answer.status) }).toEqual({ at, isRefused: true });
      expect(json(answer.text).error?.message.length).toBeGreaterThan(5);
      expect(answer.text).not.toContain("outside");
    }
  });

  it("say to a program what this is, and how much there is only to those who may read", async () => {
    const { url } = await withSite();
    const ask = async (headers: Record<string, string>) => {
      const { status, text } = await rawRequest(url, { path: "/", headers });
      return { status, isMuster: text.includes("Muster is running"), hasCounts: /workers {2}\d/.test(text) };
    };
    const { key } = await keysOf(url, operator).create({ name: "asker", scopes: ["inference"] });
    const short = { status: 200, isMuster: true, hasCounts: false };
    expect(await ask({})).toEqual(short);
    expect(await ask({ accept: "*/*", "x-api-key": key })).toEqual(short);
    expect(await ask({ cookie: `muster_session=${"A".repeat(43)}` })).toEqual(short);
    expect(await ask({ "x-api-key": operator })).toEqual({ ...short, hasCounts: true });
    expect((await ask({ "x-api-key": "wrong-key-0123456789" })).status).toBe(401);
    expect((await rawRequest(url, { method: "HEAD", path: "/" })).status).toBe(200);
  });

  it("where they were not built, say how to build them", async () => {
    const empty = await temporaryDirectory();
    const { url } = await startCluster({ apiKeys: [operator], dashboardDirectory: empty });
    const page = await rawRequest(url, { path: "/", headers: browserAccepts });
    expect([page.status, page.text.includes("npm run setup")]).toEqual([503, true]);
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
  });

  it("are on the listener for administrators too, which alone says that one may administrate", async () => {
    const { url, orchestrator } = await startCluster({
      ...{ apiKeys: [operator], adminListener: { host: "127.0.0.1", port: 0 } },
    });
    const { adminUrl = "" } = orchestrator;
    const scopesAt = async (at: string) =>
      (json((await dashboardClient(at).signIn(operator)).text) as unknown as { scopes: string[] }).scopes;
    expect(await scopesAt(url)).toEqual(["inference", "batch", "read"]);
    expect(await scopesAt(adminUrl)).toEqual(["inference", "batch", "read", "metrics", "admin"]);
    const page = await rawRequest(adminUrl, { path: "/", headers: browserAccepts });
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
  });
});
