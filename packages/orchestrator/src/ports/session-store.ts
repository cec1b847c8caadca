/** What is kept of somebody who has signed in to the dashboard. Nothing in it opens anything. */
export interface StoredSession {
  /** Of the key that was presented. */
  readonly keyId: string;
  /** Ties the session to the text of the key: a digest of both, in hexadecimal. */
  readonly bond: string;
  /** Unix time, as all times here. */
  readonly signedInAtMs: number;
  readonly usedAtMs: number;
}

/** Sessions by name, for all orchestrators of one Redis. Each method rejects where nobody can say now. */
export interface SessionStore {
  /** Forgotten after `keptMs`. */
  add(name: string, session: StoredSession, keptMs: number): Promise<void>;
  /** Undefined: there is none, or none that can be read. */
  find(name: string): Promise<StoredSession | undefined>;
  /** Replaces it where it is still there, and only there: whoever signs out meanwhile stays out. */
  renew(name: string, session: StoredSession, keptMs: number): Promise<void>;
  /** Whether it was there. */
  remove(name: string): Promise<boolean>;
  /** Never throws. */
  close(): void;
}
