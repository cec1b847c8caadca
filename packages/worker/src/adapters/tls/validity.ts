import { X509Certificate } from "node:crypto";
import type { Validity } from "../../core/identity.ts";

/** When a certificate (PEM) counts. */
export function validityOf(certificate: string): Validity {
  const { validFrom, validTo } = new X509Certificate(certificate);
  return { fromMs: Date.parse(validFrom), untilMs: Date.parse(validTo) };
}
