import type { Identity } from "../core/identity.ts";

/** Asks an orchestrator for what makes this machine a worker. */
export interface Enroller {
  /**
   * With an invitation. The orchestrator has to show the authority that it pins before it is told anything. Throws
   * MusterError: `unauthenticated` for an invitation that does not count, `forbidden` where somebody else answers.
   */
  join(
    invitation: Invitation,
    machine: { readonly name: string; readonly version: string },
  ): Promise<Identity>;
  /** A new certificate for the same key. Throws `forbidden` for a worker that does not belong to the fleet any more. */
  renew(identity: Identity): Promise<Identity>;
}

export interface Invitation {
  /** `host:port`. */
  readonly address: string;
  readonly pin: Uint8Array;
  readonly secret: Uint8Array;
}
