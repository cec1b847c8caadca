import "reflect-metadata";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  X509Certificate as NodeCertificate,
  webcrypto,
} from "node:crypto";
import { MusterError } from "@muster/base";
import { identityUri, serverName } from "@muster/proto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { Authority } from "../../core/trust/authorities.ts";
import type { CertificateIssuer, Validity } from "../../ports/certificate-issuer.ts";
import { importSigningKey, signingAlgorithm } from "./signing-key.ts";

cryptoProvider.set(webcrypto);

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
const signedWith = { name: "ECDSA", hash: "SHA-256" } as const;
/** A request of a P-256 key is a few hundred bytes. */
const maxRequestBytes = 4_096;

export function createPeculiarIssuer(): CertificateIssuer {
  return {
    async makeAuthority(validity, before) {
      const keys = await makeKeys();
      const spki = await spkiOf(keys.publicKey);
      const id = digest(spki, "base64url");
      const name = `CN=Muster authority ${id.slice(0, 8)}`;
      const extensions = await authorityExtensions(spki);
      const own = await X509CertificateGenerator.createSelfSigned({
        ...{ name, keys, extensions, signingAlgorithm: signedWith, ...datesOf(validity) },
      });
      const cross =
        before === undefined
          ? undefined
          : await sign(before, { subject: name, publicKey: spki, validity, extensions });
      const key = await pemOf(keys.privateKey);
      return { id, certificate: own.toString("pem"), key, crossCertificate: cross };
    },
    async readAuthority(certificates, key) {
      return readOwnAuthority(certificates, key);
    },
    async issueServer(authority, validity, host = { names: [serverName], addresses: [] }) {
      const keys = await makeKeys();
      const certificate = await sign(authority, {
        subject: "CN=Muster orchestrator",
        publicKey: await spkiOf(keys.publicKey),
        validity,
        extensions: leafExtensions(ExtendedKeyUsage.serverAuth, [
          ...host.names.map((value) => ({ type: "dns" as const, value })),
          ...host.addresses.map((value) => ({ type: "ip" as const, value })),
        ]),
      });
      return { certificate, key: await pemOf(keys.privateKey) };
    },
    async readRequest(request) {
      try {
        if (request.length > maxRequestBytes) throw new Error("it is too long");
        const parsed = new Pkcs10CertificateRequest(new Uint8Array(request));
        const publicKey = new Uint8Array(parsed.publicKey.rawData);
        const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({
          ...{ key: Buffer.from(publicKey), format: "der", type: "spki" },
        });
        if (asymmetricKeyType !== "ec" || asymmetricKeyDetails?.namedCurve !== "prime256v1")
          throw new Error("its key is not of P-256");
        if (!(await parsed.verify())) throw new Error("it is not signed with its own key");
        return { publicKey, spkiSha256: digest(publicKey, "hex") };
      } catch (cause) {
        const reason = MusterError.from(cause).message;
        throw new MusterError("invalid_request", `The certificate request does not count: ${reason}.`, {
          cause,
        });
      }
    },
    issueWorker: (authority, { id, publicKey, validity }) =>
      sign(authority, {
        ...{ subject: `CN=${id}`, publicKey, validity },
        extensions: leafExtensions(ExtendedKeyUsage.clientAuth, [{ type: "url", value: identityUri(id) }]),
      }),
  };
}

interface Leaf {
  readonly subject: string;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array<ArrayBuffer> | Uint8Array;
  readonly validity: Validity;
  readonly extensions: readonly Extension[];
}

async function sign(authority: Authority, leaf: Leaf): Promise<string> {
  const issuer = new X509Certificate(authority.certificate);
  const signingKey = await importSigningKey(authority.key ?? "");
  const certificate = await X509CertificateGenerator.create({
    ...{ subject: leaf.subject, issuer: issuer.subject, publicKey: new Uint8Array(leaf.publicKey) },
    ...{ signingKey, signingAlgorithm: signingAlgorithm(signingKey), ...datesOf(leaf.validity) },
    extensions: [...leaf.extensions, await AuthorityKeyIdentifierExtension.create(issuer.publicKey)],
  });
  return certificate.toString("pem");
}

function readOwnAuthority(
  certificates: string,
  key: string,
): Pick<Authority, "id" | "certificate" | "key" | "parents"> {
  const refuse = (why: string, cause?: unknown) =>
    new MusterError("invalid_request", `MUSTER_CA_CERT and MUSTER_CA_KEY: ${why}.`, {
      cause,
      param: "MUSTER_CA_CERT",
    });
  const texts = certificates.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  let chain: NodeCertificate[];
  try {
    chain = texts.map((text) => new NodeCertificate(text));
  } catch (cause) {
    throw refuse("a certificate cannot be read", cause);
  }
  const [own, ...parents] = chain;
  const last = chain.at(-1);
  if (own === undefined || last === undefined) throw refuse("the file of the certificate holds none (PEM)");
  if (!chain.every(({ ca }) => ca)) throw refuse("each certificate must be that of an authority (CA:TRUE)");
  const ended = chain.find(({ validTo }) => Date.parse(validTo) <= Date.now());
  if (ended !== undefined)
    throw refuse(`a certificate has ended on ${ended.validTo}, and no worker believes it`);
  for (const [at, parent] of parents.entries()) {
    if (!chain[at]?.verify(parent.publicKey))
      throw refuse(`certificate ${at + 1} is not signed by the one after it`);
  }
  if (!last.verify(last.publicKey))
    throw refuse(
      "the certificates must go on to a self-signed one: put the root behind them, in the same file",
    );
  try {
    if (!own.checkPrivateKey(createPrivateKey(key))) throw new Error("the key is another one's");
  } catch (cause) {
    throw refuse(
      `the key does not belong to the first certificate: ${MusterError.from(cause).message}`,
      cause,
    );
  }
  const id = digest(own.publicKey.export({ type: "spki", format: "der" }), "base64url");
  return { id, certificate: own.toString(), key, parents: parents.map((parent) => parent.toString()) };
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
}

async function spkiOf(key: webcrypto.CryptoKey): Promise<Uint8Array> {
  return new Uint8Array(await webcrypto.subtle.exportKey("spki", key));
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" })
    .export({ type: "pkcs8", format: "pem" })
    .toString();
}

async function authorityExtensions(spki: Uint8Array): Promise<Extension[]> {
  return [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(new Uint8Array(spki)),
  ];
}

/** A server's certificate is no worker's, and the other way round. */
function leafExtensions(
  usage: ExtendedKeyUsage,
  names: readonly { readonly type: "dns" | "ip" | "url"; readonly value: string }[],
): Extension[] {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage], true),
    new SubjectAlternativeNameExtension([...names]),
  ];
}

function datesOf({ fromMs, untilMs }: Validity) {
  return { notBefore: new Date(fromMs), notAfter: new Date(untilMs) };
}

function digest(bytes: Uint8Array, encoding: "hex" | "base64url"): string {
  return createHash("sha256").update(bytes).digest(encoding);
}
