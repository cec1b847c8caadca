/** What makes this machine a worker of a fleet. The key has been made here, and stays here. */
export interface Identity {
  readonly workerId: string;
  /** As the fleet calls it. */
  readonly name: string;
  readonly pool: string;
  /** `host:port` of the orchestrator that it joined. */
  readonly address: string;
  /** PEM. */
  readonly key: string;
  /** PEM: for the key, from the orchestrator. */
  readonly certificate: string;
  /** PEM: whom to believe. */
  readonly authorities: readonly string[];
}

/** When a certificate counts, in Unix milliseconds. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Renewed when two thirds of its life are over, a little sooner or later: a fleet does not come all at once. */
export function renewAtMs({ fromMs, untilMs }: Validity, random: () => number): number {
  const lifeMs = untilMs - fromMs;
  return fromMs + lifeMs * (0.6 + 0.1 * random());
}

/** Undefined for what is no identity. */
export function identityFrom(value: unknown): Identity | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { workerId, name, pool, address, key, certificate, authorities } = value as Record<string, unknown>;
  if (typeof workerId !== "string" || typeof name !== "string" || typeof pool !== "string") return undefined;
  if (typeof address !== "string" || typeof key !== "string" || typeof certificate !== "string")
    return undefined;
  if (!Array.isArray(authorities) || authorities.length === 0) return undefined;
  if (!authorities.every((one) => typeof one === "string")) return undefined;
  return { workerId, name, pool, address, key, certificate, authorities };
}
