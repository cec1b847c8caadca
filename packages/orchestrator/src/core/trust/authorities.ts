/** One key that vouches for orchestrators and workers. */
export interface Authority {
  /** SHA-256 of its public key (SubjectPublicKeyInfo), base64url: what invitations pin. */
  readonly id: string;
  /** PEM: self-signed, or signed by the first of `parents`. */
  readonly certificate: string;
  /** PEM; undefined once it has ended. */
  readonly key: string | undefined;
  /** PEM: the same key, vouched for by the authority before it. Machines that know only that one can follow. */
  readonly crossCertificate: string | undefined;
  /** PEM, up to a self-signed one: where an office brings its own authority. */
  readonly parents: readonly string[];
  readonly createdAtMs: number;
  /** From when orchestrators show certificates of it. */
  readonly servesFromMs: number;
}

/** From the oldest that is kept to the newest; never empty. */
export type Authorities = readonly [Authority, ...Authority[]];

export const workerCertificateMs = 24 * 3_600_000;
export const serverCertificateMs = 24 * 3_600_000;
/** Clocks of office machines differ, and are often wrong by the hour of summer time: certificates count from before. */
export const clockSkewMs = 65 * 60_000;
/** Orchestrators that share the authorities read them again within seconds; this is far more. */
const slackMs = 3_600_000;
/** Old ones are kept without their keys, for machines that were away for long. */
export const maxKept = 8;

/** The one that signs workers' certificates: the newest, at once. */
export function signingAuthority(all: Authorities): Authority {
  return all.at(-1) ?? all[0];
}

/** The one whose certificate orchestrators show. */
export function servingAuthority(all: Authorities, nowMs: number): Authority {
  return all.findLast(({ servesFromMs }) => servesFromMs <= nowMs) ?? signingAuthority(all);
}

/**
 * When nothing depends on an authority any more: the next one is shown, and the last certificate that it gave a worker
 * has ended. Undefined for the newest.
 */
export function endsAtMs(all: Authorities, authority: Authority): number | undefined {
  const next = all[placeOf(all, authority) + 1];
  if (next === undefined) return undefined;
  const lastWorkerMs = next.createdAtMs + workerCertificateMs + slackMs;
  return Math.max(next.servesFromMs + slackMs, lastWorkerMs);
}

/** Those that count now. */
export function trustedAuthorities(all: Authorities, nowMs: number): readonly Authority[] {
  return all.filter((one) => nowMs < (endsAtMs(all, one) ?? Number.POSITIVE_INFINITY));
}

/** What a peer's chain may go through and end in: a worker shows its own certificate alone. */
export function anchorsOf(authorities: readonly Authority[]): readonly string[] {
  return authorities.flatMap(({ certificate, parents }) => [certificate, ...parents]);
}

/**
 * What follows an orchestrator's own certificate: the way from its authority back to the oldest that is kept, so that a
 * machine that was away during changes still finds one that it knows.
 */
export function chainFor(all: Authorities, authority: Authority): readonly string[] {
  if (authority.parents.length > 0) return [authority.certificate, ...authority.parents];
  const chain: string[] = [];
  for (const one of all.slice(0, placeOf(all, authority) + 1).reverse()) {
    if (one.crossCertificate === undefined) return [...chain, one.certificate];
    chain.push(one.crossCertificate);
  }
  return chain;
}

/** With a new one: trusted and signing at once, shown when the overlap is over. */
export function rotated(all: Authorities, next: Authority): Authorities {
  const [first = next, ...others] = [...all, next].slice(-maxKept);
  return first.crossCertificate === undefined
    ? [first, ...others]
    : [{ ...first, crossCertificate: undefined }, ...others];
}

function placeOf(all: Authorities, { id }: Authority): number {
  return all.findIndex((one) => one.id === id);
}

/** Without the keys of those that have ended; the same array where there is nothing to take away. */
export function withoutOldKeys(all: Authorities, nowMs: number): Authorities {
  const trusted = new Set(trustedAuthorities(all, nowMs));
  if (all.every((one) => trusted.has(one) || one.key === undefined)) return all;
  const [first, ...others] = all.map((one) => (trusted.has(one) ? one : { ...one, key: undefined }));
  return first === undefined ? all : [first, ...others];
}
