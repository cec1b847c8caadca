import { writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { OrchestratorOverrides } from "@muster/orchestrator";
import { describe, expect, it } from "vitest";
import { startCluster, temporaryDirectory } from "../../harness/cluster.ts";
import { httpsGet } from "../../support/https-get.ts";
import { selfSigned } from "../../support/self-signed.ts";

const lan = Object.values(networkInterfaces())
  .flat()
  .find((each) => each !== undefined && !each.internal && each.family === "IPv4")?.address;
const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === "::1");

const hosts = [
  { host: "127.0.0.1", isLoopback: true },
  ...(hasIpv6 ? [{ host: "::1", isLoopback: true }] : []),
  // All of 127.0.0.0/8 is this machine, and nobody else comes there.
  ...(process.platform === "linux" ? [{ host: "127.0.0.2", isLoopback: true }] : []),
  { host: "0.0.0.0", isLoopback: false },
  ...(lan === undefined ? [] : [{ host: lan, isLoopback: false }]),
];
const tlsKinds = ["unsaid", "files", "off"] as const;
const keys = [[], ["an-operator-key-0123456789"]];
const rows = hosts.flatMap((host) =>
  tlsKinds.flatMap((tls) => keys.map((apiKeys) => ({ ...host, tls, apiKeys, keys: apiKeys.length }))),
);

describe("an orchestrator", () => {
  it.each(rows)("on $host, TLS $tls, $keys keys: starts safely or says why not", async (row) => {
    const { host, isLoopback, tls, apiKeys } = row;
    const directory = await temporaryDirectory();
    const pair = selfSigned("matrix");
    const [certFile, keyFile] = [join(directory, "cert.pem"), join(directory, "key.pem")];
    await writeFile(certFile, pair.cert);
    await writeFile(keyFile, pair.key);
    const overrides: OrchestratorOverrides = {
      ...{ host, apiKeys, fleetHost: "127.0.0.1" },
      tls: tls === "files" ? { kind: "files", certFile, keyFile } : { kind: tls },
    };
    if (!isLoopback && tls === "unsaid") {
      const starting = startCluster(overrides);
      await expect(starting).rejects.toThrow(
        /MUSTER_TLS=own .*MUSTER_TLS_CERT and MUSTER_TLS_KEY .*MUSTER_TLS=off/,
      );
      await expect(starting).rejects.toMatchObject({ code: "invalid_request", param: "MUSTER_TLS" });
      return;
    }
    const cluster = await startCluster(overrides);
    const { orchestrator } = cluster;
    const url = orchestrator.url.replace("0.0.0.0", "127.0.0.1");
    const isOpen = isLoopback && apiKeys.length === 0;
    expect(url).toMatch(tls === "files" ? /^https:/ : /^http:/);
    // Nobody gets in without a key, but programs of this machine where there is none and nobody else can come.
    expect(await statusOf(`${url}/v1/models`, pair.cert)).toBe(isOpen ? 200 : 401);
    expect(orchestrator.operatorKeyFile === undefined).toBe(isLoopback || apiKeys.length > 0);
  });

  it.each([
    [{ MUSTER_TLS: "on" }, /MUSTER_TLS is "on"/],
    [{ MUSTER_TLS_CERT: "/c.pem" }, /MUSTER_TLS_KEY is not/],
    [{ MUSTER_TLS_KEY: "/k.pem" }, /MUSTER_TLS_CERT is not/],
    [{ MUSTER_TLS: "off", MUSTER_TLS_CERT: "/c", MUSTER_TLS_KEY: "/k" }, /one or the other/],
    [{ MUSTER_TRUSTED_PROXIES: "everybody" }, /MUSTER_TRUSTED_PROXIES has "everybody"/],
    [{ MUSTER_TRUSTED_PROXIES: "10.0.0.0/33" }, /MUSTER_TRUSTED_PROXIES has/],
    [{ MUSTER_ADMIN_HOST: "127.0.0.1" }, /MUSTER_ADMIN_PORT is not/],
    [{ MUSTER_METRICS_HOST: "127.0.0.1" }, /MUSTER_METRICS_PORT is not/],
    [{ MUSTER_METRICS_PORT: "11503", MUSTER_METRICS_HOST: "0.0.0.0" }, /"0.0.0.0" is an address that others/],
    [{ MUSTER_METRICS_ALIASES: "vllm,sglang" }, /MUSTER_METRICS_ALIASES has "sglang": write vllm, otel/],
    [{ MUSTER_ADMIN_PORT: "11502", MUSTER_ADMIN_HOST: "0.0.0.0" }, /"0.0.0.0" is an address that others/],
  ])("is not configured by %j", async (env, says) => {
    const { loadOrchestratorConfig } = await import("@muster/orchestrator");
    expect(() => loadOrchestratorConfig({}, env)).toThrow(says);
  });

  it("does not start with a certificate that cannot be used", async () => {
    const directory = await temporaryDirectory();
    const tls = { kind: "files" as const, certFile: join(directory, "c"), keyFile: join(directory, "k") };
    await expect(startCluster({ tls })).rejects.toThrow(/cannot be used for TLS/);
  });
});

async function statusOf(url: string, ca: string): Promise<number> {
  return url.startsWith("http:") ? (await fetch(url)).status : (await httpsGet(url, { ca })).status;
}
