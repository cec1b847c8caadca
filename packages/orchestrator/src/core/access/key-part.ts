import {
  type KeyChanged,
  type KeyMade,
  type KeyPart,
  type KeyRevoked,
  type KeySecret,
  unknownRevoker,
} from "./key-record.ts";
import { type Limits, type Scope, scopes } from "./principal.ts";

export const limitNames = [
  "requestsPerMinute",
  "tokensPerMinute",
  "concurrency",
  "batchLines",
  "storedBytes",
  "tokensPerMonth",
  "weight",
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
    case "changed":
      // What the change was to take away must not come back because of the damage: then the key opens nothing.
      return readChanged(fields) ?? readRevoked({ ...fields, by: undefined });
    default:
      return undefined;
  }
}

/**
 * What a part of this name counts as that cannot be read at all. All but the key itself may have taken something away: an
 * end, a limit, the text before. So it opens nothing any more until somebody has looked.
 */
export function damagedKeyPart(name: string): KeyRevoked | undefined {
  const [, keyId] = /^([^.]+)\..+$/.exec(name) ?? [];
  return keyId === undefined ? undefined : readRevoked({ keyId });
}

function readMade(fields: Fields): KeyMade | undefined {
  const { id, name, tenant, createdBy } = fields;
  const createdAtMs = number(fields["createdAtMs"]);
  const held = fields["scopes"];
  const bounds = readBounds(fields);
  if (!isText(id) || !isText(name) || !isText(tenant) || !isText(createdBy)) return undefined;
  if (createdAtMs === undefined || bounds === undefined || !isScopes(held)) return undefined;
  return { kind: "key", id, name, tenant, scopes: held, createdAtMs, createdBy, ...bounds };
}

function readChanged(fields: Fields): KeyChanged | undefined {
  const { keyId, by } = fields;
  const change = number(fields["number"]);
  const atMs = number(fields["atMs"]);
  const bounds = readBounds(fields);
  if (!isText(keyId) || !isText(by)) return undefined;
  if (change === undefined || atMs === undefined || bounds === undefined) return undefined;
  return { kind: "changed", keyId, number: change, atMs, by, ...bounds };
}

/** What can be changed later. What bounds a key and cannot be read must not become boundless. */
function readBounds(fields: Fields): Pick<KeyMade, "models" | "limits" | "expiresAtMs"> | undefined {
  const { models } = fields;
  const expiresAtMs = number(fields["expiresAtMs"]);
  const limits = readLimits(fields["limits"]);
  if (limits === undefined) return undefined;
  if (fields["expiresAtMs"] !== undefined && expiresAtMs === undefined) return undefined;
  if (models !== undefined && !isTexts(models)) return undefined;
  return { models, limits, expiresAtMs };
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
  return { kind: "revoked", keyId, atMs: number(atMs) ?? 0, by: isText(by) ? by : unknownRevoker };
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
