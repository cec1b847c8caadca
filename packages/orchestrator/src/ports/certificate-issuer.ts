import type { Authority } from "../core/trust/authorities.ts";

export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What clients may call a host by. */
export interface HostNames {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

/** Of a worker that asks for a certificate: it has shown that it holds the key. */
export interface CertificateRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Of that, hexadecimal. */
  readonly spkiSha256: string;
}

/** Makes keys and certificates. All texts are PEM. */
export interface CertificateIssuer {
  /** A new authority; `before` vouches for it too. */
  makeAuthority(
    validity: Validity,
    before?: Authority,
  ): Promise<Pick<Authority, "id" | "certificate" | "key" | "crossCertificate">>;
  /** One that the office has made: the certificate and its parents, up to a self-signed one. Throws `invalid_request`. */
  readAuthority(
    certificates: string,
    key: string,
  ): Promise<Pick<Authority, "id" | "certificate" | "key" | "parents">>;
  /** For an orchestrator, with a key of its own; without names for the fleet port. */
  issueServer(
    authority: Authority,
    validity: Validity,
    names?: HostNames,
  ): Promise<{ readonly certificate: string; readonly key: string }>;
  /** Throws `invalid_request` for what is no request of a key that we take, or is not signed with that key. */
  readRequest(request: Uint8Array): Promise<CertificateRequest>;
  issueWorker(
    authority: Authority,
    worker: { readonly id: string; readonly publicKey: Uint8Array; readonly validity: Validity },
  ): Promise<string>;
}
