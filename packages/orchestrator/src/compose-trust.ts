import { randomBytes, randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import {
  type Background,
  type Clock,
  isEveryAddress,
  isLoopbackHost,
  type Lifecycle,
  type Log,
} from "@muster/base";
import { formatInvitation, networkAddresses } from "@muster/proto";
import { sha256 } from "./adapters/common/sha256.ts";
import { createTrustFolder, readTextFile } from "./adapters/disk/trust-folder.ts";
import { createPeculiarIssuer } from "./adapters/peculiar-x509/issuer.ts";
import type { OrchestratorConfig } from "./config.ts";
import { objectKeys } from "./core/batches/keys.ts";
import { advertisedAddress } from "./core/trust/advertised-address.ts";
import type { Authority } from "./core/trust/authorities.ts";
import { type Enrolment, type Revocation, readEnrolment, readRevocation } from "./core/trust/enrolment.ts";
import { AuthorityKeeper } from "./flows/trust/authority-keeper.ts";
import { Enrolments } from "./flows/trust/enrolments.ts";
import { Invites } from "./flows/trust/invites.ts";
import { RecordBook } from "./flows/trust/record-book.ts";
import { TrustDesk } from "./flows/trust/trust-desk.ts";
import type { FleetServer, FleetTrust } from "./grpc/fleet-service.ts";
import type { AuditTrail } from "./ports/audit-trail.ts";
import type { CertificateIssuer, HostNames } from "./ports/certificate-issuer.ts";
import type { ObjectStore } from "./ports/object-store.ts";

export interface Trust extends FleetTrust {
  readonly desk: TrustDesk;
  /** Records of enrolments and revocations that could not be read at the last look. */
  damagedRecords(): number;
  /** Called once the fleet port listens: from then on it follows what changes. */
  serve(port: FleetServer): void;
}

/** Whether workers need certificates: wherever another machine could reach the fleet port. */
function isFleetSecure({ fleetHost, fleetTls }: OrchestratorConfig): boolean {
  return fleetTls === "on" || !isLoopbackHost(fleetHost);
}

/** The authorities: where workers need certificates, or clients are shown one of ours. Undefined where nobody needs any. */
export async function startAuthorities(deps: {
  readonly config: OrchestratorConfig;
  readonly store: ObjectStore;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): Promise<AuthorityKeeper | undefined> {
  const { config, store, audit, clock, log, background, lifecycle } = deps;
  if (!isFleetSecure(config) && config.tls.kind !== "own") return undefined;
  const issuer = createPeculiarIssuer();
  const authorities = new AuthorityKeeper({
    folder: createTrustFolder(config.trustDirectory),
    brought: await broughtAuthority(config, issuer, clock),
    ...{ issuer, store, audit, clock, log, background },
  });
  lifecycle.onStop("authorities", () => authorities.stop());
  await authorities.start();
  return authorities;
}

/** Who may join, and who has; undefined where the fleet port is on loopback. */
export async function startTrust(deps: {
  readonly config: OrchestratorConfig;
  readonly authorities: AuthorityKeeper | undefined;
  readonly store: ObjectStore;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): Promise<Trust | undefined> {
  const { config, authorities, store, audit, clock, log, background, lifecycle } = deps;
  if (authorities === undefined || !isFleetSecure(config)) return undefined;
  const issuer = createPeculiarIssuer();
  const shared = { store, clock, log, background };
  const book = new RecordBook<Enrolment>({ ...shared, prefix: objectKeys.enrolments, read: readEnrolment });
  const revocations = new RecordBook<Revocation>({
    ...{ ...shared, prefix: objectKeys.revocations, read: readRevocation },
    damaged: () => readRevocation({}),
  });
  for (const records of [book, revocations]) {
    lifecycle.onStop("enrolments", () => records.stop());
    await records.start();
  }
  const invites = new Invites({
    ...{ store, clock, randomBytes: (count) => randomBytes(count), sha256 },
  });
  const enrolments = new Enrolments({
    ...{ book, revocations, invites, authorities, issuer, audit, clock, log },
    newId: () => `wrk-${randomUUID()}`,
  });
  let port: FleetServer | undefined;
  const desk = new TrustDesk({
    ...{ authorities, enrolments, invites, audit, clock, background, lineOf: formatInvitation },
    address: () =>
      advertisedAddress({
        configured: config.fleetAdvertise,
        bound: port?.address ?? "",
        networkHost: networkAddresses().find(({ family }) => family === "IPv4")?.address,
      }),
  });
  return {
    desk,
    damagedRecords: () => book.damagedCount + revocations.damagedCount,
    enrolments,
    identity: authorities.identity(),
    serve(served) {
      port = served;
      served.show(authorities.identity());
      authorities.notify({
        onIdentity: (identity) => served.show(identity),
        onAuthorities: () => served.tellToRenew(),
      });
      for (const records of [book, revocations]) records.notify(() => served.enforce());
    },
  };
}

/** How this host may be called by clients: what it listens on, its names, and what the configuration adds. */
export function hostNames({ host, tlsNames }: Pick<OrchestratorConfig, "host" | "tlsNames">): HostNames {
  const name = hostname().toLowerCase();
  const all = isEveryAddress(host) ? networkAddresses().map(({ address }) => address) : [host];
  const given = ["localhost", "127.0.0.1", "::1", name, `${name}.local`, ...all, ...tlsNames];
  const isAddress = (text: string) => isIP(text) !== 0;
  return {
    names: [...new Set(given.filter((text) => !isAddress(text)))],
    addresses: [...new Set(given.filter(isAddress))],
  };
}

async function broughtAuthority(
  { caCertificateFile, caKeyFile }: OrchestratorConfig,
  issuer: CertificateIssuer,
  clock: Clock,
): Promise<Authority | undefined> {
  if (caCertificateFile === undefined || caKeyFile === undefined) return undefined;
  const certificates = await readTextFile(caCertificateFile, "MUSTER_CA_CERT");
  const key = await readTextFile(caKeyFile, "MUSTER_CA_KEY");
  const read = await issuer.readAuthority(certificates, key);
  const nowMs = clock.wallMs();
  return { ...read, crossCertificate: undefined, createdAtMs: nowMs, servesFromMs: nowMs };
}
