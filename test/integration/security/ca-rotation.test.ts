import { X509Certificate } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, type PeerCertificate } from "node:tls";
import { createPeculiarIssuer } from "@muster/orchestrator/testing";
import { serverName } from "@muster/proto";
import { joinFleet } from "@muster/worker";
import { describe, expect, it } from "vitest";
import { CertifiedWorker, readIdentity } from "../../harness/certified-worker.ts";
import { chat, eventually, readStream, startCluster, temporaryDirectory } from "../../harness/cluster.ts";
import { startJoined, startTrustedCluster, type TrustedCluster } from "../../harness/trusted-fleet.ts";

interface TrustJson {
  readonly authorities: readonly { readonly id: string; readonly signs: boolean; readonly serves: boolean }[];
}

const rotate = async (cluster: TrustedCluster, overlap: number) => {
  const answer = await cluster.post("/cluster/v1/trust/rotate", { overlap });
  return { status: answer.status, body: (await answer.json()) as TrustJson };
};

async function joinedBy(cluster: TrustedCluster, name: string) {
  const dataDirectory = await temporaryDirectory();
  await joinFleet(await cluster.invite({ name }), { dataDirectory, name });
  return { dataDirectory, ...(await readIdentity(dataDirectory, name)) };
}

/** Who has signed what the fleet port shows. */
function shownIssuer(address: string): Promise<string> {
  const [host = "", port = ""] = address.split(":");
  return new Promise((resolve, reject) => {
    const options = { host, port: Number(port), servername: serverName, rejectUnauthorized: false };
    const socket = connect({ ...options, ALPNProtocols: ["h2"] }, () => {
      const shown: PeerCertificate = socket.getPeerCertificate();
      socket.destroy();
      resolve(shown.issuer.CN as string);
    });
    socket.once("error", reject);
  });
}

describe("another authority", () => {
  it("comes while requests run, and none of them is lost", async () => {
    const cluster = await startTrustedCluster();
    await cluster.joined("desk", { stubTokensPerSecond: 20 });
    const long = cluster.post("/v1/chat/completions", chat("a b c", { max_tokens: 40, stream: true }));
    let done = false;
    const short = (async () => {
      const statuses: number[] = [];
      while (!done)
        statuses.push((await cluster.post("/v1/chat/completions", chat("a", { max_tokens: 1 }))).status);
      return statuses;
    })();
    const { body } = await rotate(cluster, 0);
    expect(body.authorities.map(({ signs, serves }) => [signs, serves])).toEqual([
      [false, false],
      [true, true],
    ]);
    const answer = await readStream(await long);
    done = true;
    expect(answer).toMatchObject({ isDone: true, error: undefined });
    const statuses = await short;
    expect(statuses.length).toBeGreaterThan(1);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it("signs at once and is shown after the overlap; workers are told, and learn of both", async () => {
    const cluster = await startTrustedCluster();
    const { fleetAddress } = cluster.orchestrator;
    const before = await joinedBy(cluster, "before");
    const hand = new CertifiedWorker(fleetAddress, before);
    hand.hello(before.workerId);
    await hand.hear("welcome");
    const first = await shownIssuer(fleetAddress);
    expect((await rotate(cluster, 3_600)).status).toBe(200);
    await hand.hear("renew");
    expect(await shownIssuer(fleetAddress)).toBe(first);
    const after = await joinedBy(cluster, "after");
    expect(after.authorities).toHaveLength(2);
    const issuer = (pem: string) => new X509Certificate(pem).issuer;
    expect(issuer(after.certificate)).not.toBe(issuer(before.certificate));
    for (const one of [before, after]) {
      const worker = new CertifiedWorker(fleetAddress, one);
      worker.hello(one.workerId);
      await worker.hear("welcome");
    }
    // One change after the other.
    expect((await rotate(cluster, 0)).status).toBe(400);
  });

  it("is known to machines that slept through the change, since the old one vouches for it", async () => {
    const cluster = await startTrustedCluster();
    const { fleetAddress } = cluster.orchestrator;
    const sleeper = await joinedBy(cluster, "sleeper");
    const first = await shownIssuer(fleetAddress);
    await rotate(cluster, 0);
    expect(await shownIssuer(fleetAddress)).not.toBe(first);
    const worker = await startJoined(fleetAddress, { name: "sleeper", dataDirectory: sleeper.dataDirectory });
    await eventually(async () => (await cluster.workers()).some(({ state }) => state === "ready"));
    await worker.stop();
    // An invitation from now on pins the new one.
    await joinedBy(cluster, "newcomer");
  });

  it("counts at every orchestrator that shares the folder, within seconds", async () => {
    const cluster = await startTrustedCluster();
    const { storeDirectory, trustDirectory } = cluster;
    const second = await startCluster({ fleetTls: "on", objectStore: storeDirectory, trustDirectory });
    const { fleetAddress } = second.orchestrator;
    const first = await shownIssuer(fleetAddress);
    await rotate(cluster, 0);
    await eventually(async () => (await shownIssuer(fleetAddress)) !== first, 10_000);
    const desk = await joinedBy(cluster, "desk");
    const hand = new CertifiedWorker(fleetAddress, desk);
    hand.hello(desk.workerId);
    await hand.hear("welcome");
  });
});

describe("orchestrators of one store", () => {
  it("need the same authority: one with another does not start", async () => {
    const { storeDirectory: objectStore } = await startTrustedCluster();
    const trustDirectory = await temporaryDirectory();
    await expect(startCluster({ fleetTls: "on", objectStore, trustDirectory })).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("MUSTER_TRUST_DIR"),
    });
  });

  it("keep their authority over a restart", async () => {
    const cluster = await startTrustedCluster();
    const desk = await joinedBy(cluster, "desk");
    await cluster.orchestrator.stop();
    const { storeDirectory, trustDirectory } = cluster;
    const again = await startCluster({ fleetTls: "on", objectStore: storeDirectory, trustDirectory });
    const hand = new CertifiedWorker(again.orchestrator.fleetAddress, desk);
    hand.hello(desk.workerId);
    await hand.hear("welcome");
  });
});

describe("an authority that the office brings", () => {
  it("vouches for workers and orchestrators, and is changed by the office alone", async () => {
    const issuer = createPeculiarIssuer();
    const validity = { fromMs: Date.now() - 60_000, untilMs: Date.now() + 86_400_000 };
    const more = { parents: [], createdAtMs: 0, servesFromMs: 0 };
    const root = { ...(await issuer.makeAuthority(validity)), ...more };
    const middle = await issuer.makeAuthority(validity, root);
    const folder = await temporaryDirectory();
    const [caCertificateFile, caKeyFile] = [join(folder, "ca.pem"), join(folder, "ca.key")];
    await writeFile(caCertificateFile, `${middle.crossCertificate}\n${root.certificate}`);
    await writeFile(caKeyFile, middle.key ?? "", { mode: 0o600 });
    const cluster = await startTrustedCluster({ caCertificateFile, caKeyFile });
    await rm(caKeyFile);
    await cluster.joined("desk");
    const { status, body } = await rotate(cluster, 0);
    expect([status, JSON.stringify(body).includes("MUSTER_CA_CERT")]).toEqual([400, true]);
    // Another certificate of the office is no worker.
    const desk = await joinedBy(cluster, "other");
    const stranger = await issuer.issueWorker(root, {
      ...{
        id: desk.workerId,
        publicKey: new X509Certificate(root.certificate).publicKey.export({ type: "spki", format: "der" }),
      },
      validity,
    });
    const hand = new CertifiedWorker(cluster.orchestrator.fleetAddress, {
      ...{ authorities: desk.authorities, key: root.key ?? "", certificate: stranger },
    });
    hand.hello(desk.workerId);
    expect(await hand.hear("refused")).toMatchObject({ code: "forbidden" });
  });
});
