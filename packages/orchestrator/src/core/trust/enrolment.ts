/** A worker that has joined: which key is whose. */
export interface Enrolment {
  readonly id: string;
  /** As the fleet calls it. */
  readonly name: string;
  readonly pool: string;
  /** Of its public key (SubjectPublicKeyInfo), hexadecimal. */
  readonly spkiSha256: string;
  readonly joinedAtMs: number;
  /** UTC, `2026-11-29`: when a certificate was made for it last. */
  readonly lastSeenDay: string;
}

/** A record of its own, never written twice: what is noted of a worker meanwhile must not take it back. */
export interface Revocation {
  readonly revokedAtMs: number;
}

export type EnrolmentState = "live" | "lapsed" | "revoked";

const dayMs = 86_400_000;
/** A machine that has not been seen for so long is not waited for. */
export const lapseDays = 90;

export function enrolmentState(
  enrolment: Enrolment,
  known: { readonly isRevoked: boolean; readonly wallMs: number },
): EnrolmentState {
  if (known.isRevoked) return "revoked";
  const seenMs = Date.parse(`${enrolment.lastSeenDay}T00:00:00Z`);
  return known.wallMs - seenMs > (lapseDays + 1) * dayMs ? "lapsed" : "live";
}

export function utcDay(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

/** `wanted`, or with the first number behind it that nobody has: `desk-2`. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number++) {
    const ending = `-${number}`;
    const name = `${wanted.slice(0, maxNameLength - ending.length)}${ending}`;
    if (!taken.has(name)) return name;
  }
}

const maxNameLength = 64;
const namePattern = /^(?![.-])[A-Za-z0-9._-]{1,64}$/;

/** What a worker or a pool may be called: machines have folders of that name, and people write it behind options. */
export function isFleetName(text: string): boolean {
  return namePattern.test(text);
}

/** Undefined for what is no such record. */
export function readEnrolment(value: object): Enrolment | undefined {
  const { id, name, pool, spkiSha256, joinedAtMs, lastSeenDay } = value as Record<string, unknown>;
  if (typeof id !== "string" || typeof name !== "string" || typeof pool !== "string") return undefined;
  if (typeof spkiSha256 !== "string" || !/^[0-9a-f]{64}$/.test(spkiSha256)) return undefined;
  if (typeof joinedAtMs !== "number" || typeof lastSeenDay !== "string") return undefined;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(lastSeenDay)) return undefined;
  return { id, name, pool, spkiSha256, joinedAtMs, lastSeenDay };
}

/** Whatever it holds: that it is there counts. */
export function readRevocation(value: object): Revocation {
  const { revokedAtMs } = value as Record<string, unknown>;
  return { revokedAtMs: typeof revokedAtMs === "number" ? revokedAtMs : 0 };
}
