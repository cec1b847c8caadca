import type { Limits, Scope } from "./principal.ts";

/**
 * What is kept of an API key, in parts that are written once and never changed: whoever revokes a key cannot be undone by
 * somebody who rotates it at the same time.
 */
export interface KeyMade {
  readonly kind: "key";
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  readonly models: readonly string[] | undefined;
  readonly limits: Limits;
  /** Unix time, as all times here. */
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly expiresAtMs: number | undefined;
}

/** One text that opens the key. */
export interface KeySecret {
  readonly kind: "secret";
  readonly keyId: string;
  /** In the text itself. */
  readonly id: string;
  /** SHA-256 of the whole text, in hexadecimal. */
  readonly digest: string;
  readonly createdAtMs: number;
  /** When those made before it end; undefined: it is the first. */
  readonly othersEndAtMs: number | undefined;
}

export interface KeyRevoked {
  readonly kind: "revoked";
  readonly keyId: string;
  readonly atMs: number;
  readonly by: string;
}

/** Stands for whoever has ended a key by a part of it that cannot be read. */
export const unknownRevoker = "unknown";

/** What a key may from now on: all of it, so that the last change alone counts. */
export interface KeyChanged extends Pick<KeyMade, "models" | "limits" | "expiresAtMs"> {
  readonly kind: "changed";
  readonly keyId: string;
  /** From 1 on. Two who change a key at once take the same number, and one of them gets it. */
  readonly number: number;
  readonly atMs: number;
  readonly by: string;
}

export type KeyPart = KeyMade | KeySecret | KeyRevoked | KeyChanged;

export interface LiveSecret extends KeySecret {
  /** Undefined: with the key. */
  readonly endsAtMs: number | undefined;
}

/** A key with what has happened to it. */
export interface ApiKeyRecord {
  /** As it was changed last. */
  readonly made: KeyMade;
  readonly changed: KeyChanged | undefined;
  /** The newest first; those that have ended are here as well. */
  readonly secrets: readonly LiveSecret[];
  readonly revoked: KeyRevoked | undefined;
}

/** So many texts of one key are good at once: while it is rotated. */
const maxLiveSecrets = 2;

/** Puts the parts together. Parts of a key that was never made are nothing. */
export function keysOf(parts: readonly KeyPart[]): ApiKeyRecord[] {
  const secrets = new Map<string, KeySecret[]>();
  const revocations = new Map<string, KeyRevoked>();
  const changes = new Map<string, KeyChanged>();
  for (const part of parts) {
    if (part.kind === "revoked") revocations.set(part.keyId, part);
    if (part.kind === "secret") secrets.set(part.keyId, [...(secrets.get(part.keyId) ?? []), part]);
    if (part.kind === "changed" && part.number > (changes.get(part.keyId)?.number ?? 0))
      changes.set(part.keyId, part);
  }
  return parts.flatMap((made) => {
    if (made.kind !== "key") return [];
    const { id } = made;
    const changed = changes.get(id);
    return [
      {
        made: changed === undefined ? made : changedKey(made, changed),
        ...{ changed, secrets: endings(secrets.get(id) ?? []), revoked: revocations.get(id) },
      },
    ];
  });
}

function changedKey(made: KeyMade, { models, limits, expiresAtMs }: KeyChanged): KeyMade {
  return { ...made, models, limits, expiresAtMs };
}

/** Each ends when the first of those that were made after it says so, and at once when there are too many. */
function endings(secrets: readonly KeySecret[]): LiveSecret[] {
  const newestFirst = [...secrets].sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1));
  let endsAtMs: number | undefined;
  return newestFirst.map((secret, age) => {
    const overflow = age >= maxLiveSecrets ? newestFirst[age - maxLiveSecrets]?.createdAtMs : undefined;
    const own = earliest(endsAtMs, overflow);
    endsAtMs = earliest(endsAtMs, secret.othersEndAtMs);
    return { ...secret, endsAtMs: own };
  });
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}

export type KeyState = "live" | "expired" | "revoked";

export function stateOfKey({ made, revoked }: ApiKeyRecord, nowMs: number): KeyState {
  if (revoked !== undefined) return "revoked";
  return made.expiresAtMs !== undefined && made.expiresAtMs <= nowMs ? "expired" : "live";
}
