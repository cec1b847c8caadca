import { MusterError } from "@muster/base";

/** A key that opens the service, and whose it is. */
export interface ApiKey {
  readonly tenant: string;
  readonly digest: Uint8Array;
}

type DigestText = (text: string) => Uint8Array;

/** Of the digest, in the name of a tenant whose key has none. */
const tenantBytes = 6;

/**
 * An entry of the configuration: `name:secret`, or a secret alone. The text before the first colon is a name if it is
 * 1 to 32 lower-case letters, digits and hyphens and begins with none of the last.
 */
export function parseKeyEntry(entry: string): { readonly name: string | undefined; readonly secret: string } {
  const [, name, secret] = /^([a-z0-9][a-z0-9-]{0,31}):(.*)$/s.exec(entry) ?? [];
  return { name, secret: secret ?? entry };
}

/** Keys of one name belong to one tenant; each key without a name is a tenant of its own. */
export function readApiKeys(entries: readonly string[], digest: DigestText): ApiKey[] {
  const keys = entries.map((entry) => {
    const { name, secret } = parseKeyEntry(entry);
    const digestOfSecret = digest(secret);
    return {
      tenant: name ?? `key-${hexOf(digestOfSecret.subarray(0, tenantBytes))}`,
      digest: digestOfSecret,
    };
  });
  for (const key of keys) {
    const twin = keys.find((other) => isSame(other.digest, key.digest) && other.tenant !== key.tenant);
    if (twin !== undefined)
      throw new MusterError(
        "invalid_request",
        `MUSTER_API_KEYS has the same secret for "${key.tenant}" and "${twin.tenant}": give each a secret of its own.`,
        { param: "MUSTER_API_KEYS" },
      );
  }
  return keys;
}

/**
 * Whose secret was presented; undefined if nobody's. Always looks at all keys, through digests of equal length: the
 * time taken says nothing about how much of a secret was right.
 */
export function tenantOf(presented: string, keys: readonly ApiKey[], digest: DigestText): string | undefined {
  const wanted = digest(presented);
  let tenant: string | undefined;
  for (const key of keys) tenant = isSame(wanted, key.digest) ? key.tenant : tenant;
  return tenant;
}

/** Whether a presented secret is one of those accepted; as careful as `tenantOf`. */
export function matchesAny(presented: string, accepted: readonly string[], digest: DigestText): boolean {
  const wanted = digest(presented);
  let isMatch = false;
  for (const candidate of accepted) isMatch = isSame(wanted, digest(candidate)) || isMatch;
  return isMatch;
}

/** In a time that says nothing of where they differ. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
