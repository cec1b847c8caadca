import type { Background, Clock, Lifecycle, Log } from "@muster/base";
import { createExpiryReader } from "./adapters/disk/certificate-expiry.ts";
import { type StartedAccess, startAccess } from "./compose-access.ts";
import { type StartedAudit, startAudit } from "./compose-audit.ts";
import { type OwnCertificates, openCertificates } from "./compose-tls.ts";
import { hostNames, startAuthorities, startTrust, type Trust } from "./compose-trust.ts";
import type { OrchestratorConfig } from "./config.ts";
import { openHostCertificates } from "./flows/trust/host-certificates.ts";
import type { ObjectStore } from "./ports/object-store.ts";
import type { ServerCertificates } from "./ports/server-certificates.ts";

export interface StartedSecurity extends StartedAudit, StartedAccess {
  /** Undefined: the fleet port is on loopback, and nobody needs an invitation. */
  readonly trust: Trust | undefined;
  /** What the listeners for clients show of themselves; undefined: they are plain. */
  certificates(): Promise<ServerCertificates | undefined>;
  /** When the certificates end that are shown now, in Unix time; those of clients once they are open. */
  expiries(): ReadonlyMap<string, number>;
  /** Records of keys, enrolments and revocations that could not be read at the last look. */
  damagedRecords(): number;
  /** When the last authority ends that workers are to believe, in Unix time; undefined: there is none. */
  trustEndsAtMs(): number | undefined;
}

/** Builds what knows who may ask and who may join, how it is encrypted, and what is remembered of it. */
export async function startSecurity(deps: {
  readonly config: OrchestratorConfig;
  readonly self: string;
  /** Of Redis. */
  readonly address: string;
  readonly store: ObjectStore;
  /** Undefined: those of our own authority. */
  readonly ownCertificates: OwnCertificates | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): Promise<StartedSecurity> {
  const { config, clock, log, background, lifecycle } = deps;
  const audited = await startAudit(deps);
  const guarded = { ...deps, audit: audited.audit };
  const access = await startAccess(guarded);
  const authorities = await startAuthorities(guarded);
  const trust = await startTrust({ ...guarded, authorities });
  const ours =
    authorities === undefined
      ? undefined
      : () => openHostCertificates({ authorities, host: hostNames(config), clock, log, background });
  let ofClients: ServerCertificates | undefined;
  const expiryOf = createExpiryReader();
  const trustEndOf = createExpiryReader();
  return {
    ...audited,
    ...access,
    trust,
    trustEndsAtMs() {
      const anchors = authorities?.anchors() ?? [];
      const ends = trustEndOf(Object.fromEntries(anchors.map((pem, at) => [`authority ${at}`, pem])));
      return ends.size === 0 ? undefined : Math.max(...ends.values());
    },
    async certificates() {
      ofClients = await openCertificates({
        config,
        own: deps.ownCertificates ?? ours,
        clock,
        log,
        lifecycle,
      });
      return ofClients;
    },
    expiries: () =>
      expiryOf({
        clients: ofClients?.current().cert,
        fleet: trust === undefined ? undefined : authorities?.identity().certificate,
        authority: authorities?.serving().certificate,
      }),
    damagedRecords: () => access.damagedKeys() + (trust?.damagedRecords() ?? 0),
  };
}
