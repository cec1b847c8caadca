import "reflect-metadata";
import { createHash, createPrivateKey, generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import type { Authority } from "../../core/trust/authorities.ts";
import { createPeculiarIssuer } from "./issuer.ts";

const issuer = createPeculiarIssuer();
const hourMs = 3_600_000;
const validity = { fromMs: Date.now() - hourMs, untilMs: Date.now() + 24 * hourMs };

async function authority(before?: Authority): Promise<Authority> {
  const made = await issuer.makeAuthority(validity, before);
  return { ...made, parents: [], createdAtMs: 0, servesFromMs: 0 };
}

async function request(namedCurve = "P-256") {
  const algorithm = { name: "ECDSA", namedCurve, hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=x",
    keys,
    signingAlgorithm: algorithm,
  });
  const spki = Buffer.from(await webcrypto.subtle.exportKey("spki", keys.publicKey));
  return { bytes: new Uint8Array(made.rawData), spki };
}

describe("the orchestrator's own authority", () => {
  it("is named by its public key, and vouches for itself", async () => {
    const { id, certificate, key } = await authority();
    const read = new X509Certificate(certificate);
    const spki = read.publicKey.export({ type: "spki", format: "der" });
    expect(createHash("sha256").update(spki).digest("base64url")).toBe(id);
    expect([read.ca, read.verify(read.publicKey), read.checkPrivateKey(createPrivateKey(key ?? ""))]).toEqual(
      [...[true, true, true]],
    );
  });

  it("is vouched for by the one before it, with the same name and key", async () => {
    const old = await authority();
    const { certificate, crossCertificate = "" } = await authority(old);
    const [own, cross] = [new X509Certificate(certificate), new X509Certificate(crossCertificate)];
    const before = new X509Certificate(old.certificate);
    expect(cross.verify(before.publicKey) && cross.checkIssued(before)).toBe(true);
    expect(cross.subject).toBe(own.subject);
    expect(cross.publicKey.equals(own.publicKey)).toBe(true);
  });
});

describe("certificates", () => {
  it("of a worker and of an orchestrator are for their own side only", async () => {
    const ca = await authority();
    const { bytes, spki } = await request();
    const { publicKey, spkiSha256 } = await issuer.readRequest(bytes);
    expect(spkiSha256).toBe(createHash("sha256").update(spki).digest("hex"));
    const worker = new X509Certificate(await issuer.issueWorker(ca, { id: "wrk-1", publicKey, validity }));
    expect([worker.subject, worker.subjectAltName, worker.keyUsage, worker.ca]).toEqual([
      ...["CN=wrk-1", "URI:muster://worker/wrk-1", ["1.3.6.1.5.5.7.3.2"], false],
    ]);
    expect(worker.checkIssued(new X509Certificate(ca.certificate))).toBe(true);
    const server = await issuer.issueServer(ca, validity);
    const read = new X509Certificate(server.certificate);
    expect([read.checkHost("orchestrator.muster.internal"), read.keyUsage]).toEqual([
      ...["orchestrator.muster.internal", ["1.3.6.1.5.5.7.3.1"]],
    ]);
    expect(read.checkPrivateKey(createPrivateKey(server.key))).toBe(true);
    expect(read.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true);
  });

  it("are for those alone who show that they have the key", async () => {
    const { bytes } = await request();
    const forged = bytes.slice();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    const other = await request("P-384");
    for (const wrong of [forged, other.bytes, new Uint8Array(), bytes.slice(0, 50), new Uint8Array(5_000)])
      await expect(issuer.readRequest(wrong)).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("an authority that the office brings", () => {
  it("must come with its key and with all that is above it", async () => {
    const root = await authority();
    const middle = await authority(root);
    const chain = `${middle.crossCertificate}\n${root.certificate}`;
    const read = await issuer.readAuthority(chain, middle.key ?? "");
    expect(read.id).toBe(middle.id);
    expect(read.parents).toHaveLength(1);
    const own: Authority = { ...read, crossCertificate: undefined, createdAtMs: 0, servesFromMs: 0 };
    const { certificate } = await issuer.issueServer(own, validity);
    expect(new X509Certificate(certificate).checkIssued(new X509Certificate(middle.certificate))).toBe(true);
    for (const [certificates, key] of [
      [middle.crossCertificate ?? "", middle.key ?? ""],
      [chain, root.key ?? ""],
      [`${root.certificate}\n${middle.certificate}`, root.key ?? ""],
      ["", middle.key ?? ""],
      [chain, "no key"],
    ] as const)
      await expect(issuer.readAuthority(certificates, key)).rejects.toMatchObject({
        code: "invalid_request",
      });
  });

  it("must not have ended", async () => {
    const ended = await issuer.makeAuthority({ fromMs: Date.now() - 120_000, untilMs: Date.now() - 60_000 });
    await expect(issuer.readAuthority(ended.certificate, ended.key ?? "")).rejects.toThrow(
      /MUSTER_CA_CERT .* has ended on/,
    );
  });

  it("may have a key of RSA", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const ca = await authority();
    const certificate = await issuer.issueWorker(
      { ...ca, key },
      { id: "wrk-1", publicKey: (await request()).spki, validity },
    );
    expect(new X509Certificate(certificate).verify(publicKey)).toBe(true);
  });
});
