import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Log, ManualClock, silentLog } from "@muster/base";
import {
  type CertificatePair,
  openCertificateFiles,
  type ServerCertificates,
} from "@muster/orchestrator/testing";
import { describe, expect, it } from "vitest";
import { eventually, startCluster, temporaryDirectory } from "../../harness/cluster.ts";
import { keysOf } from "../../harness/keys-api.ts";
import { httpsGet } from "../../support/https-get.ts";
import { selfSigned } from "../../support/self-signed.ts";

async function files(pair: CertificatePair) {
  const directory = await temporaryDirectory();
  const certFile = join(directory, "cert.pem");
  const keyFile = join(directory, "key.pem");
  const write = async (path: string, text: string) => {
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  };
  await write(certFile, pair.cert);
  await write(keyFile, pair.key);
  return { certFile, keyFile, write };
}

describe("TLS for clients", () => {
  const key = "an-operator-key-0123456789";

  it("is what files say, from version 1.2 on, and nothing plain is answered there", async () => {
    const pair = selfSigned("from-files");
    const { certFile, keyFile } = await files(pair);
    const cluster = await startCluster({ tls: { kind: "files", certFile, keyFile }, apiKeys: [key] });
    expect(cluster.url).toMatch(/^https:/);
    const asked = { ca: pair.cert, key };
    expect(await httpsGet(`${cluster.url}/v1/models`, asked)).toEqual({
      ...{ status: 200, protocol: "TLSv1.3", name: "from-files" },
    });
    expect((await httpsGet(`${cluster.url}/v1/models`, { ...asked, maxVersion: "TLSv1.2" })).status).toBe(
      200,
    );
    await expect(httpsGet(`${cluster.url}/healthz`, { ...asked, maxVersion: "TLSv1.1" })).rejects.toThrow();
    await expect(httpsGet(`${cluster.url}/healthz`, { ca: selfSigned("other").cert })).rejects.toThrow(
      /self.signed|unable to/,
    );
    await expect(fetch(cluster.url.replace("https:", "http:"))).rejects.toThrow();
    const unknown = await httpsGet(`${cluster.url}/v1/models`, { ca: pair.cert });
    expect(unknown.status).toBe(401);
  });

  it("shows a new certificate as soon as there is one, on connections that are made then", async () => {
    let pair: CertificatePair = selfSigned("first");
    const first = pair;
    const listeners = new Set<(pair: CertificatePair) => void>();
    let isClosed = false;
    const own: ServerCertificates = {
      current: () => pair,
      onChange(changed) {
        listeners.add(changed);
        return () => listeners.delete(changed);
      },
      close: () => {
        isClosed = true;
      },
    };
    const cluster = await startCluster({ tls: { kind: "own" } }, undefined, {
      ownCertificates: async () => own,
    });
    expect((await httpsGet(`${cluster.url}/healthz`, { ca: first.cert })).name).toBe("first");
    pair = selfSigned("second");
    for (const changed of listeners) changed(pair);
    expect((await httpsGet(`${cluster.url}/healthz`, { ca: pair.cert })).name).toBe("second");
    await expect(httpsGet(`${cluster.url}/healthz`, { ca: first.cert })).rejects.toThrow();
    await cluster.orchestrator.stop();
    expect([listeners.size, isClosed]).toEqual([0, true]);
  });

  it("is vouched for by Muster's own authority, by every name of the host, where that is wanted", async () => {
    const directory = await temporaryDirectory();
    const cluster = await startCluster({
      ...{ tls: { kind: "own" }, dataDirectory: directory, trustDirectory: join(directory, "trust") },
      ...{ apiKeys: [key], tlsNames: ["muster.office.example"] },
    });
    const ca = await readFile(join(directory, "trust", "ca.crt"), "utf8");
    const { port } = new URL(cluster.url);
    for (const host of ["127.0.0.1", "localhost"])
      expect((await httpsGet(`https://${host}:${port}/v1/models`, { ca, key })).status).toBe(200);
    const named = await httpsGet(`${cluster.url}/healthz`, { ca, servername: "muster.office.example" });
    expect(named.status).toBe(200);
    await expect(
      httpsGet(`${cluster.url}/healthz`, { ca, servername: "somewhere.else.example" }),
    ).rejects.toThrow(/altnames/);
    await expect(httpsGet(`${cluster.url}/healthz`, { ca: selfSigned("other").cert })).rejects.toThrow();
  });

  it("answers administrators on a listener of their own, where there is one, and nowhere else", async () => {
    const cluster = await startCluster({
      apiKeys: [key],
      adminListener: { host: "127.0.0.1", port: 0 },
    });
    const { adminUrl, routes } = cluster.orchestrator;
    if (adminUrl === undefined) throw new Error("no listener for administrators");
    const statusOf = async (url: string, method: string, path: string, headers: Record<string, string>) => {
      const response = await fetch(url + path.replace(/:\w+|\*/g, "x"), { method, headers });
      await response.arrayBuffer();
      return response.status;
    };
    const mine = { authorization: `Bearer ${key}` };
    for (const { method, path, scope } of routes.filter(({ scope }) => scope !== undefined)) {
      for (const url of [cluster.url, adminUrl]) expect(await statusOf(url, method, path, {})).toBe(401);
      if (scope !== "admin" && scope !== "metrics") continue;
      expect({ path, status: await statusOf(cluster.url, method, path, mine) }).toEqual({
        path,
        status: 404,
      });
    }
    for (const path of ["/metrics", "/cluster/v1/keys", "/cluster/v1/workers", "/healthz"])
      expect(await statusOf(adminUrl, "GET", path, mine)).toBe(200);
    expect(await statusOf(cluster.url, "GET", "/cluster/v1/workers", mine)).toBe(200);
  });

  it.each([[undefined], [{ host: "127.0.0.1", port: 0 }]])(
    "answers metrics on a listener of their own, where there is one, and nothing else there (administration: %j)",
    async (adminListener) => {
      const metricsListener = { host: "127.0.0.1", port: 0 };
      const cluster = await startCluster({ apiKeys: [key], metricsListener, adminListener });
      const { adminUrl, metricsUrl, routes } = cluster.orchestrator;
      if (metricsUrl === undefined) throw new Error("no listener for metrics");
      const statusOf = async (url: string, method: string, path: string, as = key) => {
        const headers = { authorization: `Bearer ${as}` };
        const response = await fetch(url + path.replace(/:\w+|\*/g, "x"), { method, headers });
        await response.arrayBuffer();
        return response.status;
      };
      const open = new Set(["/metrics", "/healthz", "/readyz"]);
      for (const { method, path } of routes)
        if (!open.has(path))
          expect({ path, status: await statusOf(metricsUrl, method, path) }).toEqual({ path, status: 404 });
      for (const path of open) expect(await statusOf(metricsUrl, "GET", path)).toBe(200);
      for (const url of [cluster.url, adminUrl])
        if (url !== undefined) expect(await statusOf(url, "GET", "/metrics")).toBe(404);
      expect(await statusOf(metricsUrl, "GET", "/metrics", "not-a-key")).toBe(401);
      const keys = keysOf(adminUrl ?? cluster.url, key);
      const { key: scraper } = await keys.create({ name: "prometheus", scopes: ["metrics"] });
      const { key: asker } = await keys.create({ name: "asker", scopes: ["inference"] });
      expect(await statusOf(metricsUrl, "GET", "/metrics", scraper)).toBe(200);
      expect(await statusOf(metricsUrl, "GET", "/metrics", asker)).toBe(403);
    },
  );
});

describe("a certificate in files", () => {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_fields, text) => warnings.push(text) };

  it("counts again once both files fit together, and until then the one before it", async () => {
    const [first, second] = [selfSigned("first"), selfSigned("second")];
    const { certFile, keyFile, write } = await files(first);
    const clock = new ManualClock();
    const certificates = await openCertificateFiles({ certFile, keyFile, clock, log });
    const seen: string[] = [];
    certificates.onChange(({ cert }) => seen.push(cert));
    await write(certFile, second.cert);
    clock.advance(10_000);
    await eventually(() => warnings.includes("the certificate was not renewed"));
    expect(certificates.current().cert).toBe(first.cert);
    await write(keyFile, second.key);
    await eventually(() => {
      clock.advance(10_000);
      return seen.length > 0;
    });
    expect(seen).toEqual([second.cert]);
    expect(certificates.current()).toEqual(second);
    certificates.close();
  });

  it.each<[string, Partial<CertificatePair>, RegExp]>([
    ["another's key", { key: selfSigned("other").key }, /it is not the key of/],
    ["no certificate", { cert: "nonsense" }, /no certificate in PEM/],
    ["no key", { key: "nonsense" }, /no private key in PEM/],
  ])("is refused with %s, by the name of the file", async (_what, change, says) => {
    const paths = await files({ ...selfSigned("mine"), ...change });
    await expect(openCertificateFiles({ ...paths, clock: new ManualClock(), log })).rejects.toThrow(says);
  });

  it("is refused where a file is not there", async () => {
    const paths = await files(selfSigned("mine"));
    const missing = { ...paths, keyFile: `${paths.keyFile}.not` };
    await expect(openCertificateFiles({ ...missing, clock: new ManualClock(), log })).rejects.toThrow(
      /ENOENT/,
    );
  });
});
