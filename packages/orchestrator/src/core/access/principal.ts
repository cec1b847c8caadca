/** What a key may be used for. `admin` includes all others. */
export const scopes = ["inference", "batch", "read", "metrics", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** What a key may take; undefined: as much as there is. */
export interface Limits {
  readonly requestsPerMinute?: number | undefined;
  /** Prompt and completion tokens together. */
  readonly tokensPerMinute?: number | undefined;
  /** Interactive requests under way at once. */
  readonly concurrency?: number | undefined;
  /** Lines of batches that are not over, of the key's tenant. */
  readonly batchLines?: number | undefined;
  /** What the files of the key's tenant may take in all. */
  readonly storedBytes?: number | undefined;
  /** Prompt and completion tokens together, by the calendar month in UTC. */
  readonly tokensPerMonth?: number | undefined;
  /** Of the key's tenant in the batch lanes, 0.01 to 1000; no limit, but given in the same place. */
  readonly weight?: number | undefined;
}

/** Who asks, and what they may. */
export interface Principal {
  /** Of the key: names it in usage, limits and the audit log; says nothing of its secret. */
  readonly keyId: string;
  /** As people call the key. */
  readonly keyName: string;
  /** Whose files, batches and share of the lanes. */
  readonly tenant: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Names of models with `*` for any text; undefined: all. */
  readonly models: readonly string[] | undefined;
  readonly limits: Limits;
  /** Unix time; undefined: it does not. */
  readonly expiresAtMs?: number | undefined;
}

export const noLimits: Limits = {};

export function mayDo({ scopes: held }: Pick<Principal, "scopes">, scope: Scope): boolean {
  return held.has(scope) || held.has("admin");
}

/** Ids of whoever has no key that was made here; after the last comes the tenant. */
export const ownIds = { loopback: "loopback", operator: "operator", configured: "configured:" } as const;

/** Somebody who may do everything: who holds a key of the configuration, or everybody on loopback where there is none. */
export function operator(named: { readonly keyId: string; readonly tenant: string }): Principal {
  const { keyId, tenant } = named;
  return { keyId, keyName: tenant, tenant, scopes: new Set(scopes), models: undefined, limits: noLimits };
}
