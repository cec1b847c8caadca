import type { Identity } from "../core/identity.ts";

/** Where a machine keeps what makes it a worker, by name: it may run several. */
export interface IdentityStore {
  /** Undefined where none of that name has joined. */
  read(name: string): Promise<Identity | undefined>;
  /** Seen whole or not at all, and by this user alone. */
  write(identity: Identity): Promise<void>;
  names(): Promise<readonly string[]>;
}
