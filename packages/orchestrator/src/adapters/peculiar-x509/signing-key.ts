import { createPrivateKey, webcrypto } from "node:crypto";
import { MusterError } from "@muster/base";

const curves: Readonly<Record<string, { readonly namedCurve: string; readonly hash: string }>> = {
  prime256v1: { namedCurve: "P-256", hash: "SHA-256" },
  secp384r1: { namedCurve: "P-384", hash: "SHA-384" },
  secp521r1: { namedCurve: "P-521", hash: "SHA-512" },
};

/** An office may have made its authority with another kind of key than ours. Throws `invalid_request`. */
export function importSigningKey(pem: string): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(pem);
  const der = key.export({ type: "pkcs8", format: "der" });
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ""];
  const algorithm =
    key.asymmetricKeyType === "rsa"
      ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
      : curve && { name: "ECDSA", namedCurve: curve.namedCurve };
  if (algorithm !== undefined) return webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  throw new MusterError(
    "invalid_request",
    "MUSTER_CA_KEY is of a kind that Muster does not sign with: use RSA, or a key of P-256, P-384 or P-521.",
    { param: "MUSTER_CA_KEY" },
  );
}

export function signingAlgorithm(key: webcrypto.CryptoKey) {
  const { name, namedCurve } = key.algorithm as { readonly name: string; readonly namedCurve?: string };
  const hash = Object.values(curves).find((curve) => curve.namedCurve === namedCurve)?.hash ?? "SHA-256";
  return { name, hash };
}
