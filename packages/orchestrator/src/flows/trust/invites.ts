import { type Clock, MusterError } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { jsonBytes, objectFrom } from "../batches/stored-json.ts";

interface InvitesDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Hexadecimal. */
  readonly sha256: (bytes: Uint8Array) => string;
}

export interface Invite {
  readonly pool: string;
  /** What the worker is to be called; undefined: as its machine calls itself. */
  readonly name: string | undefined;
  readonly expiresAtMs: number;
}

const secretBytes = 32;
export const maxInviteMs = 30 * 60_000;
/** The mark that one was taken outlives it for a while: somebody may be at it in this moment. */
const keepUsedMs = 3_600_000;

/** Invitations: secrets that count once, of which only hashes are kept. */
export class Invites {
  readonly #deps: InvitesDeps;

  constructor(deps: InvitesDeps) {
    this.#deps = deps;
  }

  /** Gives the secret, which is nowhere afterwards. */
  async make(invite: Invite): Promise<Uint8Array> {
    const { store, randomBytes, sha256 } = this.#deps;
    const secret = randomBytes(secretBytes);
    await store.put(objectKeys.invite(sha256(secret)), jsonBytes(invite));
    return secret;
  }

  /** Takes an invitation, for good. Throws `unauthenticated` for one that does not count. */
  async take(secret: Uint8Array): Promise<Invite> {
    const { store, clock, sha256 } = this.#deps;
    const digest = sha256(secret);
    const content = secret.length === secretBytes ? await store.get(objectKeys.invite(digest)) : undefined;
    const invite = content === undefined ? undefined : readInvite(content);
    if (invite === undefined) throw refused("is not known here, or has expired");
    if (invite.expiresAtMs <= clock.wallMs()) throw refused("has expired");
    if (!(await store.putIfAbsent(objectKeys.usedInvite(digest), new Uint8Array())))
      throw refused("has been used already");
    return invite;
  }

  /** Removes what has expired. */
  async tidy(): Promise<void> {
    const { store, clock } = this.#deps;
    const nowMs = clock.wallMs();
    for await (const { key, modifiedAtMs } of store.list(objectKeys.invites))
      if (modifiedAtMs + maxInviteMs < nowMs) await store.remove(key);
    for await (const { key, modifiedAtMs } of store.list(objectKeys.usedInvites))
      if (modifiedAtMs + maxInviteMs + keepUsedMs < nowMs) await store.remove(key);
  }
}

function refused(why: string): MusterError {
  return new MusterError(
    "unauthenticated",
    `The invitation ${why}. It counts once, and for minutes: ask for a new one (muster workers invite).`,
  );
}

function readInvite(content: Uint8Array): Invite | undefined {
  const { pool, name, expiresAtMs } = (objectFrom(content) ?? {}) as Partial<Invite>;
  if (typeof pool !== "string" || typeof expiresAtMs !== "number") return undefined;
  return { pool, name: typeof name === "string" ? name : undefined, expiresAtMs };
}
