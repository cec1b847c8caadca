import type { Authorities } from "../core/trust/authorities.ts";

/** Where the authorities and their keys lie; several orchestrators may share it. */
export interface TrustFolder {
  /** Undefined where there are none yet. Throws `internal` for what is damaged. */
  read(): Promise<Authorities | undefined>;
  /** False where somebody else was first. */
  create(authorities: Authorities): Promise<boolean>;
  /** Seen whole or not at all. */
  replace(authorities: Authorities): Promise<void>;
  /** Puts certificates that anybody may read into `ca.crt`: what clients are told to trust. */
  publish(certificates: readonly string[]): Promise<void>;
}
