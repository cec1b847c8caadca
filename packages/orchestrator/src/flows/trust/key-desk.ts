import { type Clock, MusterError } from "@muster/base";
import { keyText, secretBytes, shortId } from "../../core/access/key-format.ts";
import { type ApiKeyRecord, type KeyPart, type KeySecret, stateOfKey } from "../../core/access/key-record.ts";
import { coversModels } from "../../core/access/model-gate.ts";
import { type Limits, mayDo, type Principal, type Scope } from "../../core/access/principal.ts";
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
      const { clock, audit } = this.#deps;
      const key = this.get(id);
      const nowMs = clock.wallMs();
      const state = stateOfKey(key, nowMs);
      if (state !== "live")
        throw new MusterError(
          "invalid_request",
          `The API key "${key.made.name}" is ${state}: make a new one.`,
        );
      requireRights(key.made, maker);
      const { secret, text } = this.#secretFor(id, nowMs + overlapMs);
      await this.#write([secret]);
      audit.record({
        ...{ action: "key.rotate", actor: maker.keyId, target: id },
        details: { name: key.made.name, overlap_seconds: Math.round(overlapMs / 1000) },
      });
      return { key: this.get(id), text };
    });
  }

  /** It opens nothing any more: here at once, with other orchestrators within seconds. What runs may end. */
  revoke(id: string, by: Principal): Promise<ApiKeyRecord> {
    return this.#inTurn(async () => {
      const { clock, audit, book } = this.#deps;
      const { made, revoked } = this.get(id);
      if (revoked !== undefined) return this.get(id);
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
    if (expiresAtMs !== undefined && expiresAtMs <= nowMs) throw wrong("expires_at", "It lies in the past.");
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
    for (const { made, secrets } of old.slice(0, forgottenAtOnce)) {
      // The key first: what is left of one is nothing, and a key without its revocation would be one again.
      await book.remove(made.id);
      for (const { id } of secrets) await book.remove(`${made.id}.${id}`);
      await book.remove(`${made.id}.revoked`);
    }
  }

  #secretFor(keyId: string, othersEndAtMs: number | undefined): { secret: KeySecret; text: string } {
    const { randomBytes, digest, clock } = this.#deps;
    const id = shortId(randomBytes(16));
    const text = keyText(id, randomBytes(secretBytes));
    const createdAtMs = clock.wallMs();
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

/** When it was over; never for one that is live. */
function endOf({ made, revoked }: ApiKeyRecord): number {
  return Math.min(revoked?.atMs ?? Number.POSITIVE_INFINITY, made.expiresAtMs ?? Number.POSITIVE_INFINITY);
}

function nameOf(part: KeyPart): string {
  switch (part.kind) {
    case "key":
      return part.id;
    case "secret":
      return `${part.keyId}.${part.id}`;
    case "revoked":
      return `${part.keyId}.revoked`;
    default:
      return part satisfies never;
  }
}

/** Nobody gives what they do not have: otherwise a key for a week could make one for ever. */
function requireRights(asked: Pick<KeyAsked, "scopes" | "models" | "expiresAtMs">, maker: Principal): void {
  const missing = asked.scopes.filter((scope) => !mayDo(maker, scope));
  if (missing.length > 0)
    throw new MusterError("forbidden", `Your key may not do what this one could: ${missing.join(", ")}.`, {
      param: "scopes",
    });
  if (!coversModels(maker.models, asked.models))
    throw new MusterError(
      "forbidden",
      `Your key may use ${maker.models?.join(", ")} alone: give the new one models among these.`,
      { param: "models" },
    );
  if (maker.expiresAtMs !== undefined && (asked.expiresAtMs ?? Number.POSITIVE_INFINITY) > maker.expiresAtMs)
    throw new MusterError(
      "forbidden",
      `Your key expires at ${new Date(maker.expiresAtMs).toISOString()}: the new one must not outlive it.`,
      { param: "expires_at" },
    );
}

function wrong(param: string, message: string): MusterError {
  return new MusterError("invalid_request", message, { param });
}
