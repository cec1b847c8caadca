import { type Background, type Clock, type Log, MusterError } from "@muster/base";
import { type ApiKey, hexOf, isSame, tenantOf } from "../../core/access/api-keys.ts";
import { readKey } from "../../core/access/key-format.ts";
import { type ApiKeyRecord, type KeyPart, keysOf, type LiveSecret } from "../../core/access/key-record.ts";
import { type Limits, operator, ownIds, type Principal } from "../../core/access/principal.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { jsonBytes, objectFrom } from "../batches/stored-json.ts";
import type { RecordBook } from "./record-book.ts";

interface KeyRingDeps {
  readonly book: RecordBook<KeyPart>;
  readonly store: ObjectStore;
  /** Of the configuration: they may do everything. */
  readonly configured: readonly ApiKey[];
  /** The key of this machine's operator, once there is one. */
  readonly operatorKey: () => ApiKey | undefined;
  /** There is a key: who has none is turned away from now on. */
  readonly onClosed: () => void;
  readonly digest: (text: string) => Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

interface Opened {
  readonly digest: Uint8Array;
  readonly secret: LiveSecret;
  readonly key: ApiKeyRecord;
  readonly principal: Principal;
}

const dayMs = 86_400_000;

/** Says who presents a key: a look into a map and one digest. Redis and the store are not asked. */
export class KeyRing {
  readonly #deps: KeyRingDeps;
  #keys: readonly ApiKeyRecord[] = [];
  #hasKeys = false;
  #byId: ReadonlyMap<string, ApiKeyRecord> = new Map();
  #bySecret: ReadonlyMap<string, Opened> = new Map();
  /** The day on which each key was last used, as far as we have said so. */
  readonly #usedOn = new Map<string, number>();

  constructor(deps: KeyRingDeps) {
    this.#deps = deps;
    deps.book.notify(() => this.#read());
  }

  /**
   * Whether nobody needs a key: none is configured, none was ever made, and the operator has none. One that was revoked
   * or has expired counts as made, and so does what is left of one that is damaged: the end of the last key must not open
   * what it has closed.
   */
  get isOpen(): boolean {
    const { configured, operatorKey } = this.#deps;
    return configured.length === 0 && !this.#hasKeys && operatorKey() === undefined;
  }

  all(): readonly ApiKeyRecord[] {
    return this.#keys;
  }

  /** What a key that was made here may take now. */
  limitsOf(keyId: string): Limits | undefined {
    return this.#byId.get(keyId)?.made.limits;
  }

  /** As people call whoever had this id; undefined once the key is forgotten. */
  nameOf(keyId: string): string | undefined {
    if (keyId === ownIds.operator || keyId === ownIds.loopback) return keyId;
    if (keyId.startsWith(ownIds.configured)) return keyId.slice(ownIds.configured.length);
    return this.#byId.get(keyId)?.made.name;
  }

  /** Throws `unauthenticated`: why, is said only to those who have the whole key. */
  whoHas(presented: string): Principal {
    const { digest, configured, operatorKey, clock } = this.#deps;
    const wanted = digest(presented);
    const own = operatorKey();
    const tenant = tenantOf(presented, configured, () => wanted);
    if (tenant !== undefined) return operator({ keyId: `${ownIds.configured}${tenant}`, tenant });
    if (own !== undefined && isSame(own.digest, wanted))
      return operator({ keyId: ownIds.operator, tenant: own.tenant });
    const read = readKey(presented);
    if (read.kind === "damaged")
      throw new MusterError(
        "unauthenticated",
        "The API key is not whole: a character is wrong or missing. Copy it again.",
      );
    const opened = read.kind === "key" ? this.#bySecret.get(read.id) : undefined;
    if (opened === undefined || !isSame(opened.digest, wanted))
      throw new MusterError("unauthenticated", "The API key is not valid here.");
    requireLive(opened, clock.wallMs());
    this.#noteUse(opened.key.made.id);
    return opened.principal;
  }

  /**
   * Who has the key of this id now, for somebody who presented it before: `isSecret` tells the digest of that text, in
   * hexadecimal. Throws `unauthenticated`, as `whoHas` does, where it would not be let in any more.
   */
  whoIs(keyId: string, isSecret: (digest: string) => boolean): Principal {
    const { configured, operatorKey, clock } = this.#deps;
    const has = ({ digest }: ApiKey) => isSecret(hexOf(digest));
    const own = operatorKey();
    if (keyId === ownIds.operator && own !== undefined && has(own))
      return operator({ keyId, tenant: own.tenant });
    if (keyId.startsWith(ownIds.configured)) {
      const tenant = keyId.slice(ownIds.configured.length);
      if (configured.some((key) => key.tenant === tenant && has(key))) return operator({ keyId, tenant });
    }
    const key = this.#byId.get(keyId);
    const secret = key?.secrets.find(({ digest }) => isSecret(digest));
    if (key === undefined || secret === undefined)
      throw new MusterError("unauthenticated", "The API key of this session is not valid here any more.");
    requireLive({ key, secret }, clock.wallMs());
    this.#noteUse(keyId);
    return principalOf(key);
  }

  /** The day each key was last used on, `2026-11-29`, by id; read from the store. */
  async uses(): Promise<ReadonlyMap<string, string>> {
    const { store } = this.#deps;
    const uses = new Map<string, string>();
    for await (const { key } of store.list(objectKeys.apiKeyUses)) {
      const content = await store.get(key);
      const record = content === undefined ? undefined : objectFrom(content);
      if (record === undefined || !("day" in record) || typeof record.day !== "string") continue;
      uses.set(key.slice(objectKeys.apiKeyUses.length, -".json".length), record.day);
    }
    return uses;
  }

  #read(): void {
    const parts = this.#deps.book.all();
    this.#keys = keysOf(parts);
    this.#hasKeys = parts.length > 0;
    if (this.#hasKeys) this.#deps.onClosed();
    this.#byId = new Map(this.#keys.map((key) => [key.made.id, key]));
    this.#bySecret = new Map(
      this.#keys.flatMap((key) => {
        const principal = principalOf(key);
        return key.secrets.map((secret) => [
          secret.id,
          { secret, key, principal, digest: bytesOf(secret.digest) },
        ]);
      }),
    );
  }

  /** Once a day, and by the way: a request does not wait for it. */
  #noteUse(keyId: string): void {
    const { clock, background, store, log } = this.#deps;
    const day = Math.floor(clock.wallMs() / dayMs);
    if (this.#usedOn.get(keyId) === day) return;
    this.#usedOn.set(keyId, day);
    background.run("key-used", async () => {
      try {
        const text = new Date(day * dayMs).toISOString().slice(0, 10);
        await store.put(objectKeys.apiKeyUse(keyId), jsonBytes({ day: text }));
      } catch (error) {
        log.warn({ keyId, error: String(error) }, "use of a key not noted");
      }
    });
  }
}

function principalOf({ made }: ApiKeyRecord): Principal {
  const { id, name, tenant, scopes, models, limits, expiresAtMs } = made;
  return { keyId: id, keyName: name, tenant, scopes: new Set(scopes), models, limits, expiresAtMs };
}

function requireLive(
  { key: { made, revoked }, secret }: Pick<Opened, "key" | "secret">,
  nowMs: number,
): void {
  if (revoked !== undefined)
    throw new MusterError("unauthenticated", `The API key "${made.name}" was revoked.`);
  if (made.expiresAtMs !== undefined && made.expiresAtMs <= nowMs)
    throw new MusterError(
      "unauthenticated",
      `The API key "${made.name}" has expired, on ${new Date(made.expiresAtMs).toISOString().slice(0, 10)}.`,
    );
  if (secret.endsAtMs !== undefined && secret.endsAtMs <= nowMs)
    throw new MusterError(
      "unauthenticated",
      `The API key "${made.name}" was replaced by a newer one, and the time for both is over.`,
    );
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16),
  );
}
