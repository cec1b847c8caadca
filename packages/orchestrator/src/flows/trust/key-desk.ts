import { type Clock, MusterError } from "@muster/base";
import { changeDetails, changedBounds, type KeyChange } from "../../core/access/key-change.ts";
import { keyText, secretBytes, shortId } from "../../core/access/key-format.ts";
import {
  type ApiKeyRecord,
  type KeyPart,
  type KeyRevoked,
  type KeySecret,
  stateOfKey,
  unknownRevoker,
} from "../../core/access/key-record.ts";
import type { Limits, Principal, Scope } from "../../core/access/principal.ts";
import { requireRights } from "../../core/access/require-rights.ts";
import type { AuditTrail } from "../../ports/audit-trail.ts";
import type { Digest } from "../../ports/digest.ts";
import type { KeyRing } from "./key-ring.ts";
import type { RecordBook } from "./record-book.ts";

interface KeyDeskDeps {
  readonly book: RecordBook<KeyPart>;
  readonly ring: KeyRing;
  readonly digest: Digest;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  /** Before the first key is made: whoever has asked without one until now needs another way in. */
  readonly closing: () => Promise<void>;
}

export interface KeyAsked {
  readonly name: string;
  /** Undefined: the name. */
  readonly tenant: string | undefined;
  readonly scopes: readonly Scope[];
  readonly models: readonly string[] | undefined;
  readonly limits: Limits;
  /** Unix time. */
  readonly expiresAtMs: number | undefined;
}

/** A key and its text, which is nowhere else. */
export interface NewKey {
  readonly key: ApiKeyRecord;
  readonly text: string;
}

/** What is over is forgotten after this, when another key is made: the audit trail remembers it. */
const keptMs = 90 * 86_400_000;
const forgottenAtOnce = 20;
/** More are a mistake: each orchestrator keeps them all in memory. */
const maxKeys = 5_000;
/** Others may change the same key at the same moment. */
const maxTries = 10;
/** Changes before the last are kept a while: whoever is late then finds their number taken. */
const keptChanges = 8;
/** Texts that are over are kept a while: whoever presents one is told that there is a newer one. */
const keptSecrets = 8;

/** Makes, rotates and revokes API keys. */
export class KeyDesk {
  readonly #deps: KeyDeskDeps;
  /** Two of one name at once: one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: KeyDeskDeps) {
    this.#deps = deps;
  }

  list(): readonly ApiKeyRecord[] {
    return this.#deps.ring.all();
  }

  /** Throws `not_found`. */
  get(id: string): ApiKeyRecord {
    const key = this.list().find(({ made }) => made.id === id);
    if (key !== undefined) return key;
    throw new MusterError(
      "not_found",
      `There is no API key "${id.slice(0, 64)}". GET /cluster/v1/keys lists them.`,
    );
  }

  /** Throws `forbidden` for a key that may do what its maker may not, `invalid_request` for a name that is taken. */
  create(asked: KeyAsked, maker: Principal): Promise<NewKey> {
    return this.#inTurn(() => this.#create(asked, maker));
  }

  /** A second text for the key; the one before it is good for `overlapMs` longer. */
  rotate(id: string, overlapMs: number, maker: Principal): Promise<NewKey> {
    return this.#inTurn(async () => {
      const { clock, audit, book } = this.#deps;
      await book.refresh();
      const key = this.get(id);
      const nowMs = clock.wallMs();
      requireLive(key, nowMs);
      requireRights(key.made, maker);
      const [before] = key.secrets;
      const { secret, text } = this.#secretFor(id, nowMs + overlapMs, before?.createdAtMs);
      await this.#write([secret]);
      for (const old of key.secrets.slice(keptSecrets - 1)) await book.remove(nameOf(old));
      audit.record({
        ...{ action: "key.rotate", actor: maker.keyId, target: id },
        details: { name: key.made.name, overlap_seconds: Math.round(overlapMs / 1000) },
      });
      return { key: this.get(id), text };
    });
  }

  /** Changes what a key may from now on: here at once, with other orchestrators within seconds. Throws as `create` does. */
  change(id: string, asked: KeyChange, by: Principal): Promise<ApiKeyRecord> {
    return this.#inTurn(async () => {
      const { clock, audit, book } = this.#deps;
      for (let tries = 0; tries < maxTries; tries++) {
        await book.refresh();
        const key = this.get(id);
        const nowMs = clock.wallMs();
        requireLive(key, nowMs);
        const bounds = changedBounds(key.made, asked);
        requireFuture(bounds.expiresAtMs, nowMs);
        requireRights({ ...key.made, ...bounds }, by);
        const number = (key.changed?.number ?? 0) + 1;
        const change = { kind: "changed" as const, keyId: id, number, atMs: nowMs, by: by.keyId, ...bounds };
        if (!(await book.putIfAbsent(nameOf(change), change))) continue;
        if (number > keptChanges) await book.remove(changeName(id, number - keptChanges));
        const details = { name: key.made.name, ...changeDetails(asked) };
        audit.record({ action: "key.update", actor: by.keyId, target: id, details });
        return this.get(id);
      }
      throw new MusterError("not_ready", "Others are changing this key all the time: try again.");
    });
  }

  /** It opens nothing any more: here at once, with other orchestrators within seconds. What runs may end. */
  revoke(id: string, by: Principal): Promise<ApiKeyRecord> {
    return this.#inTurn(async () => {
      const { clock, audit, book } = this.#deps;
      const { made, revoked } = this.get(id);
      if (revoked !== undefined && !isDamaged(revoked)) return this.get(id);
      const part = { kind: "revoked" as const, keyId: id, atMs: clock.wallMs(), by: by.keyId };
      await book.putIfAbsent(nameOf(part), part);
      audit.record({
        ...{ action: "key.revoke", actor: by.keyId, target: id },
        details: { name: made.name },
      });
      return this.get(id);
    });
  }

  async #create(asked: KeyAsked, maker: Principal): Promise<NewKey> {
    const { clock, audit, randomBytes, closing } = this.#deps;
    const nowMs = clock.wallMs();
    const { name, tenant = name, scopes, models, limits, expiresAtMs } = asked;
    requireRights(asked, maker);
    requireFuture(expiresAtMs, nowMs);
    this.#requireFree(name, nowMs);
    await closing();
    const id = `key_${shortId(randomBytes(16))}`;
    const made = {
      ...{ kind: "key" as const, id, name, tenant, scopes, models, limits },
      ...{ createdAtMs: nowMs, createdBy: maker.keyId, expiresAtMs },
    };
    const { secret, text } = this.#secretFor(id, undefined);
    // The secret first: a key that is cut off there is none.
    await this.#write([secret, made]);
    audit.record({
      ...{ action: "key.create", actor: maker.keyId, target: id },
      details: { name, tenant, scopes: scopes.join(" "), models: models?.join(" ").slice(0, 200) ?? "*" },
    });
    await this.#forget(nowMs);
    return { key: this.get(id), text };
  }

  async #forget(nowMs: number): Promise<void> {
    const { book } = this.#deps;
    const old = this.list().filter((key) => endOf(key) <= nowMs - keptMs);
    for (const { made, secrets, changed } of old.slice(0, forgottenAtOnce)) {
      // The key first: what is left of one is nothing, and a key without its revocation would be one again.
      await book.remove(made.id);
      for (const { id } of secrets) await book.remove(`${made.id}.${id}`);
      const last = changed?.number ?? 0;
      for (let number = last; number > Math.max(0, last - keptChanges); number--)
        await book.remove(changeName(made.id, number));
      await book.remove(`${made.id}.revoked`);
    }
  }

  /** @param afterMs when the one before it was made: by a clock that is ahead, it would be the newer one otherwise */
  #secretFor(
    keyId: string,
    othersEndAtMs: number | undefined,
    afterMs = Number.NEGATIVE_INFINITY,
  ): { secret: KeySecret; text: string } {
    const { randomBytes, digest, clock } = this.#deps;
    const id = shortId(randomBytes(16));
    const text = keyText(id, randomBytes(secretBytes));
    const createdAtMs = Math.max(clock.wallMs(), afterMs + 1);
    return { secret: { kind: "secret", keyId, id, digest: digest(text), createdAtMs, othersEndAtMs }, text };
  }

  async #write(parts: readonly KeyPart[]): Promise<void> {
    for (const part of parts)
      if (!(await this.#deps.book.putIfAbsent(nameOf(part), part)))
        throw new MusterError("internal", "The id of a key is taken.");
  }

  #requireFree(name: string, nowMs: number): void {
    const keys = this.list();
    if (keys.length >= maxKeys)
      throw new MusterError(
        "invalid_request",
        `There are ${maxKeys} API keys already, those that are over among them.`,
      );
    const twin = keys.find((key) => key.made.name === name && stateOfKey(key, nowMs) === "live");
    if (twin !== undefined)
      throw wrong(
        "name",
        `There is a key of the name "${name}" (${twin.made.id}): rotate or revoke it, or choose another.`,
      );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

/** Nobody has revoked it: what was done to it cannot be read. */
function isDamaged({ by }: KeyRevoked): boolean {
  return by === unknownRevoker;
}

/** When it was over; never for one that is live, or that nobody has ended: a part of it is damaged. */
function endOf({ made, revoked }: ApiKeyRecord): number {
  const revokedAtMs = revoked === undefined || isDamaged(revoked) ? undefined : revoked.atMs;
  return Math.min(revokedAtMs ?? Number.POSITIVE_INFINITY, made.expiresAtMs ?? Number.POSITIVE_INFINITY);
}

function nameOf(part: KeyPart): string {
  switch (part.kind) {
    case "key":
      return part.id;
    case "secret":
      return `${part.keyId}.${part.id}`;
    case "revoked":
      return `${part.keyId}.revoked`;
    case "changed":
      return changeName(part.keyId, part.number);
    default:
      return part satisfies never;
  }
}

function changeName(keyId: string, number: number): string {
  return `${keyId}.changed-${number}`;
}

function requireLive(key: ApiKeyRecord, nowMs: number): void {
  const state = stateOfKey(key, nowMs);
  if (state === "live") return;
  throw new MusterError("invalid_request", `The API key "${key.made.name}" is ${state}: make a new one.`);
}

function requireFuture(expiresAtMs: number | undefined, nowMs: number): void {
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) throw wrong("expires_at", "It lies in the past.");
}

function wrong(param: string, message: string): MusterError {
  return new MusterError("invalid_request", message, { param });
}
