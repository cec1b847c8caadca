import type { KeyMade, KeyPart, KeyRevoked, KeySecret } from "./key-record.ts";
import { type Limits, type Scope, scopes } from "./principal.ts";

export const limitNames = [
  "requestsPerMinute",
  "tokensPerMinute",
  "concurrency",
  "batchLines",
  "storedBytes",
  "tokensPerMonth",
] as const satisfies readonly (keyof Limits)[];

type Fields = Readonly<Record<string, unknown>>;

/** Reads what a store gives back. Undefined for what is no part of a key: then it opens nothing. */
export function readKeyPart(value: object): KeyPart | undefined {
  const fields = value as Fields;
  switch (fields["kind"]) {
    case "key":
      return readMade(fields);
    case "secret":
      return readSecret(fields);
    case "revoked":
      return readRevoked(fields);
    default:
      return undefined;
  }
}

function readMade(fields: Fields): KeyMade | undefined {
  const { id, name, tenant, createdBy } = fields;
  const createdAtMs = number(fields["createdAtMs"]);
  const expiresAtMs = number(fields["expiresAtMs"]);
  const held = fields["scopes"];
  const models = fields["models"];
  const limits = readLimits(fields["limits"]);
  if (!isText(id) || !isText(name) || !isText(tenant) || !isText(createdBy)) return undefined;
  if (createdAtMs === undefined || limits === undefined || !isScopes(held)) return undefined;
  // A limit that cannot be read must not become none.
  if (fields["expiresAtMs"] !== undefined && expiresAtMs === undefined) return undefined;
  if (models !== undefined && !isTexts(models)) return undefined;
  return { kind: "key", id, name, tenant, scopes: held, models, limits, createdAtMs, createdBy, expiresAtMs };
}

function readSecret(fields: Fields): KeySecret | undefined {
  const { keyId, id, digest } = fields;
  const createdAtMs = number(fields["createdAtMs"]);
  const othersEndAtMs = number(fields["othersEndAtMs"]);
  if (!isText(keyId) || !isText(id) || !isText(digest) || !/^[0-9a-f]{64}$/.test(digest)) return undefined;
  return createdAtMs === undefined
    ? undefined
    : { kind: "secret", keyId, id, digest, createdAtMs, othersEndAtMs };
}

/** Read with the least that can be made of it: a revocation with a damaged time is still one. */
function readRevoked({ keyId, atMs, by }: Fields): KeyRevoked | undefined {
  if (!isText(keyId)) return undefined;
  return { kind: "revoked", keyId, atMs: number(atMs) ?? 0, by: isText(by) ? by : "unknown" };
}

function readLimits(value: unknown): Limits | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Fields;
  const limits: Record<string, number> = {};
  for (const name of limitNames) {
    if (fields[name] === undefined) continue;
    const limit = number(fields[name]);
    if (limit === undefined) return undefined;
    limits[name] = limit;
  }
  return limits;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

function isScopes(value: unknown): value is Scope[] {
  return isTexts(value) && value.every((scope) => (scopes as readonly string[]).includes(scope));
}
