import { createHash, X509Certificate } from "node:crypto";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { workerIdFrom } from "@muster/proto";
import type { ShownIdentity } from "../flows/trust/enrolments.ts";

type Call = Pick<ServerDuplexStream<unknown, unknown>, "getAuthContext">;

/** Whose certificate this connection has shown; undefined where it has shown none that our authorities have signed. */
export function shownIdentity(call: Call, wallMs: number): ShownIdentity | undefined {
  const raw = call.getAuthContext().sslPeerCertificate?.raw;
  if (raw === undefined) return undefined;
  const certificate = new X509Certificate(raw);
  const workerId = workerIdFrom(certificate.subjectAltName?.replace(/^URI:/, "") ?? "");
  // A connection that goes on from an earlier one is not looked at again by TLS.
  if (workerId === undefined || Date.parse(certificate.validTo) <= wallMs) return undefined;
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  return { workerId, spkiSha256: createHash("sha256").update(spki).digest("hex") };
}
