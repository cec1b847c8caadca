import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { silentLog } from "@muster/base";
import type { RunningOrchestrator } from "@muster/orchestrator";
import { createPeculiarIssuer } from "@muster/orchestrator/testing";
import { createGrpcOrchestratorLink, joinFleet } from "@muster/worker";
import { describe, expect, it } from "vitest";
import { CertifiedWorker, fleetClient, readIdentity, writeIdentity } from "../../harness/certified-worker.ts";
import { chat, eventually, startCluster, temporaryDirectory, testHardware } from "../../harness/cluster.ts";
import { startJoined, startTrustedCluster, type TrustedCluster } from "../../harness/trusted-fleet.ts";

const issuer = createPeculiarIssuer();
const hourMs = 3_600_000;

/** A machine that has joined, and what it has. */
async function joinedBy(cluster: TrustedCluster, name: string) {
  const dataDirectory = await temporaryDirectory();
  await joinFleet(await cluster.invite({ name }), { dataDirectory, name });
  return { dataDirectory, identity: await readIdentity(dataDirectory, name) };
}

async function authorityOf(cluster: TrustedCluster) {
  const file = join(cluster.trustDirectory, "authorities.json");
  return JSON.parse(await readFile(file, "utf8")).authorities[0];
}

const spkiOf = (key: string) => createPublicKey(key).export({ type: "spki", format: "der" });
const fleetOf = ({ orchestrator }: { orchestrator: RunningOrchestrator }) => orchestrator.fleetAddress;
/** What a stranger is told: there is no such service. */
const nothing = { code: status.UNIMPLEMENTED };

describe("a worker with the certificate that it joined for", () => {
  it("serves, under the name and in the pool that its invitation gave it, whatever it says of itself", async () => {
    const cluster = await startTrustedCluster();
    await cluster.joined("desk-1", { labels: ["pool=everything", "room=3f"] });
    const answer = await cluster.post("/v1/chat/completions", chat("a b c", { max_tokens: 3 }));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-muster-worker")).toBe("desk-1");
    const [worker] = await cluster.workers();
    expect(worker).toMatchObject({ name: "desk-1", labels: { pool: "desks", room: "3f" } });
  });

  it("is itself and no other", async () => {
    const cluster = await startTrustedCluster();
    const [one, other] = [await joinedBy(cluster, "one"), await joinedBy(cluster, "other")];
    const spoof = new CertifiedWorker(fleetOf(cluster), one.identity);
    spoof.hello(other.identity.workerId);
    expect(await spoof.hear("refused")).toMatchObject({ code: "forbidden", retryable: false });
    const honest = new CertifiedWorker(fleetOf(cluster), one.identity);
    honest.hello(one.identity.workerId, { name: "the boss" });
    await honest.hear("welcome");
    expect((await cluster.workers()).map(({ name }) => name)).toEqual(["one"]);
  });

  it("gives way to a newer session of the same, as when somebody has copied it", async () => {
    const cluster = await startTrustedCluster();
    const { identity } = await joinedBy(cluster, "desk");
    const first = new CertifiedWorker(fleetOf(cluster), identity);
    first.hello(identity.workerId);
    await first.hear("welcome");
    const second = new CertifiedWorker(fleetOf(cluster), identity);
    second.hello(identity.workerId);
    await second.hear("welcome");
    expect(await first.hear("refused")).toMatchObject({ code: "forbidden" });
    expect(await first.over).toBeUndefined();
    expect((await cluster.workers()).filter(({ state }) => state !== "lost")).toHaveLength(1);
  });
});

describe("whoever shows no certificate that counts", () => {
  it("finds nothing but the way to join", async () => {
    const cluster = await startTrustedCluster();
    const stranger = await startTrustedCluster();
    const { identity } = await joinedBy(cluster, "desk");
    const foreign = await joinedBy(stranger, "desk");
    const { authorities, key } = identity;
    const authority = await authorityOf(cluster);
    const nowMs = Date.now();
    const ended = await issuer.issueWorker(authority, {
      ...{ id: identity.workerId, publicKey: spkiOf(key) },
      validity: { fromMs: nowMs - 25 * hourMs, untilMs: nowMs - hourMs },
    });
    const server = await issuer.issueServer(authority, { fromMs: nowMs - hourMs, untilMs: nowMs + hourMs });
    const shown = [
      { authorities },
      { ...foreign.identity, authorities },
      { authorities, key, certificate: ended },
      { authorities, ...server },
    ];
    for (const each of shown) {
      const worker = new CertifiedWorker(fleetOf(cluster), each);
      worker.hello(identity.workerId);
      expect(await worker.over).toMatchObject(nothing);
      const blob = fleetClient(fleetOf(cluster), each).FetchBlob({ uri: "hf:o/r/a.gguf" });
      expect(await new Promise((resolve) => blob.on("error", resolve).on("data", () => {}))).toMatchObject(
        nothing,
      );
    }
    expect(await cluster.workers()).toEqual([]);
  });

  it("has one of our authority for a key that never joined: it does not count either", async () => {
    const cluster = await startTrustedCluster();
    const { identity } = await joinedBy(cluster, "desk");
    const key = generateKeyPairSync("ec", { namedCurve: "P-256" })
      .privateKey.export({ type: "pkcs8", format: "pem" })
      .toString();
    const validity = { fromMs: Date.now() - hourMs, untilMs: Date.now() + hourMs };
    const authority = await authorityOf(cluster);
    for (const [id, code, reason] of [
      [identity.workerId, "forbidden", "another key"],
      ["wrk-00000000-0000-0000-0000-000000000000", "not_found", "knows no worker"],
    ] as const) {
      const certificate = await issuer.issueWorker(authority, { id, publicKey: spkiOf(key), validity });
      const worker = new CertifiedWorker(fleetOf(cluster), { ...identity, key, certificate });
      worker.hello(id);
      const refused = await worker.hear("refused");
      // A store that has lost its records may get them back: that worker tries again.
      expect(refused).toMatchObject({ code, retryable: code === "not_found" });
      expect(refused.message).toContain(reason);
    }
  });
});

describe("a machine that was off for longer than its certificate", () => {
  it("comes back by itself, with the key that it has", async () => {
    const cluster = await startTrustedCluster();
    const { dataDirectory, identity } = await joinedBy(cluster, "desk");
    const certificate = await issuer.issueWorker(await authorityOf(cluster), {
      ...{ id: identity.workerId, publicKey: spkiOf(identity.key) },
      validity: { fromMs: Date.now() - 72 * hourMs, untilMs: Date.now() - 48 * hourMs },
    });
    await writeIdentity(dataDirectory, "desk", { ...identity, certificate });
    await startJoined(fleetOf(cluster), { name: "desk", dataDirectory });
    await eventually(async () => (await cluster.workers()).some(({ state }) => state === "ready"));
    const renewed = await readIdentity(dataDirectory, "desk");
    expect(renewed.key).toBe(identity.key);
    expect(renewed.certificate).not.toBe(certificate);
  });
});

describe("two sides that do not speak alike", () => {
  const hello = {
    ...{ workerId: "w1", name: "w1", version: "0", labels: {}, hardware: testHardware, running: [] },
    ...{ takesPlacement: false, engine: "stub", engineVersion: undefined },
  };

  it("are told apart: a worker that has joined, and a port without TLS", async () => {
    const [trusted, plain] = [await startTrustedCluster(), await startCluster()];
    const { identity } = await joinedBy(trusted, "desk");
    const link = createGrpcOrchestratorLink({
      ...{ address: fleetOf(plain), speaksTls: async () => false, log: silentLog },
      identity: { ready: async () => ({ ...identity, pool: "desks", address: "" }), doubt() {} },
    });
    expect(await link.dial(hello, () => {})).toMatchObject({
      kind: "lost",
      reason: expect.stringContaining("does not speak TLS"),
    });
  });

  it("are told apart: a worker that has not joined, here and elsewhere", async () => {
    const cluster = await startTrustedCluster();
    const dataDirectory = await temporaryDirectory();
    const worker = await startJoined(fleetOf(cluster), { name: "desk", dataDirectory });
    expect(await worker.ended).toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("muster workers invite"),
    });
    await expect(startJoined("192.0.2.1:11501", { name: "desk", dataDirectory })).rejects.toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("it is told nothing"),
    });
  });
});

describe("a key that has joined", () => {
  it("is what its record says, and nothing of it is in the object store", async () => {
    const cluster = await startTrustedCluster();
    const { identity } = await joinedBy(cluster, "desk");
    const record = JSON.parse(
      await readFile(join(cluster.storeDirectory, "trust/workers", `${identity.workerId}.json`), "utf8"),
    );
    const spkiSha256 = createHash("sha256").update(spkiOf(identity.key)).digest("hex");
    expect(record).toMatchObject({ id: identity.workerId, name: "desk", pool: "desks", spkiSha256 });
  });
});
