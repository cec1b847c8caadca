import { type Background, type Clock, type Log, MusterError } from "@muster/base";
import type { Principal } from "../../core/access/principal.ts";
import type { AuditTrail } from "../../ports/audit-trail.ts";
import type { Digest } from "../../ports/digest.ts";
import type { SessionStore, StoredSession } from "../../ports/session-store.ts";
import type { KeyRing } from "./key-ring.ts";

interface DashboardSessionsDeps {
  readonly store: SessionStore;
  readonly ring: Pick<KeyRing, "whoHas" | "whoIs">;
  readonly digest: Digest;
  /** 256 bits of chance, as text that a cookie may hold. */
  readonly newSecret: () => string;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

interface Read {
  readonly session: StoredSession;
  readonly atMs: number;
}

/** From the sign-in on, however much it is used. */
export const sessionMs = 12 * 3_600_000;
const unusedMs = 2 * 3_600_000;
/** That it is used, is written down so often. */
const noteMs = 60_000;
/** What was read of a session counts so long: one that ends elsewhere ends here within this time. */
const readMs = 5_000;
/** Sessions read within that time; more are read again. */
const maxRead = 1_000;

/** Whoever has signed in with a key: each session is the key's, and ends with it. */
export class DashboardSessions {
  readonly #deps: DashboardSessionsDeps;
  readonly #read = new Map<string, Read>();
  readonly #rereading = new Set<string>();
  #ended = 0;

  constructor(deps: DashboardSessionsDeps) {
    this.#deps = deps;
  }

  /** Throws `unauthenticated`, as the key itself would. The secret is told once, and kept as a digest. */
  async signIn(key: string): Promise<{ readonly secret: string; readonly principal: Principal }> {
    const { store, ring, digest, newSecret, audit, clock } = this.#deps;
    const principal = ring.whoHas(key);
    const secret = newSecret();
    const nowMs = clock.wallMs();
    const session = {
      ...{ keyId: principal.keyId, bond: this.#bond(secret, digest(key)) },
      ...{ signedInAtMs: nowMs, usedAtMs: nowMs },
    };
    await reached(store.add(digest(secret), session, unusedMs));
    audit.record({ action: "dashboard.sign_in", actor: principal.keyId, target: shortName(digest(secret)) });
    return { secret, principal };
  }

  /** Who has signed in, as the key is now. Throws `unauthenticated` once the session or the key is over. */
  async whoIs(secret: string): Promise<Principal> {
    const name = this.#deps.digest(secret);
    const session = await this.#find(name);
    if (session === undefined || this.#isOver(session)) {
      this.#read.delete(name);
      throw new MusterError(
        "unauthenticated",
        "You are not signed in, or have been signed out: sign in again.",
      );
    }
    const principal = this.#holder(secret, session);
    await this.#note(name, session);
    return principal;
  }

  /**
   * As `whoIs`, by what was read last, for somebody who follows something without an end; it is read anew meanwhile.
   * To follow is to use.
   */
  stillIs(secret: string): Principal {
    const name = this.#deps.digest(secret);
    const known = this.#read.get(name);
    if (known === undefined || this.#isOver(known.session)) throw signedOut();
    if (!this.#isFresh(known) && !this.#rereading.has(name)) {
      this.#rereading.add(name);
      this.#deps.background.run("session-read", async () => {
        try {
          await this.whoIs(secret);
        } catch (error) {
          this.#deps.log.debug({ error: String(error) }, "session not read");
        } finally {
          this.#rereading.delete(name);
        }
      });
    }
    return this.#holder(secret, known.session);
  }

  async signOut(secret: string): Promise<void> {
    const { store, digest, audit } = this.#deps;
    const name = digest(secret);
    const session = await reached(store.find(name));
    const wasThere = await reached(store.remove(name));
    // Also what is being read meanwhile.
    this.#ended += 1;
    this.#read.delete(name);
    if (!wasThere || session === undefined) return;
    audit.record({ action: "dashboard.sign_out", actor: session.keyId, target: shortName(name) });
  }

  close(): void {
    this.#deps.store.close();
  }

  /**
   * A text that opens the key, or one that did, cannot be found from this, not even by trying: it holds the session's
   * own secret, which is kept nowhere.
   */
  #bond(secret: string, keyDigest: string): string {
    return this.#deps.digest(`${secret}:${keyDigest}`);
  }

  #holder(secret: string, { keyId, bond }: StoredSession): Principal {
    return this.#deps.ring.whoIs(keyId, (keyDigest) => this.#bond(secret, keyDigest) === bond);
  }

  #isOver({ signedInAtMs, usedAtMs }: StoredSession): boolean {
    const nowMs = this.#deps.clock.wallMs();
    return signedInAtMs + sessionMs <= nowMs || usedAtMs + unusedMs <= nowMs;
  }

  async #find(name: string): Promise<StoredSession | undefined> {
    const { store } = this.#deps;
    const known = this.#read.get(name);
    if (known !== undefined && this.#isFresh(known)) return known.session;
    const ended = this.#ended;
    const session = await reached(store.find(name));
    this.#read.delete(name);
    if (session !== undefined && ended === this.#ended) this.#remember(name, session);
    return session;
  }

  #isFresh({ atMs }: Read): boolean {
    return atMs + readMs > this.#deps.clock.nowMs();
  }

  #remember(name: string, session: StoredSession): void {
    const [oldest] = this.#read.keys();
    if (this.#read.size >= maxRead && oldest !== undefined) this.#read.delete(oldest);
    this.#read.set(name, { session, atMs: this.#deps.clock.nowMs() });
  }

  async #note(name: string, session: StoredSession): Promise<void> {
    const { store, clock, log } = this.#deps;
    const nowMs = clock.wallMs();
    if (session.usedAtMs + noteMs > nowMs) return;
    const used = { ...session, usedAtMs: nowMs };
    const leftMs = session.signedInAtMs + sessionMs - nowMs;
    try {
      await store.renew(name, used, Math.min(unusedMs, leftMs));
      if (this.#read.has(name)) this.#remember(name, used);
    } catch (error) {
      log.warn({ error: String(error) }, "use of a session not noted");
    }
  }
}

function signedOut(): MusterError {
  return new MusterError("unauthenticated", "You are not signed in, or have been signed out: sign in again.");
}

/** Says which session it was in the audit trail, and is of no use for anything else. */
function shortName(name: string): string {
  return `session:${name.slice(0, 12)}`;
}

async function reached<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    throw new MusterError("store_unavailable", "Redis does not say who has signed in.", { cause });
  }
}
