import type { Clock, Log } from "@muster/base";
import type { ClaimPool, TenantClaims } from "../../ports/tenant-claims.ts";

export type TenantAnswer =
  | { readonly kind: "claimed" }
  | { readonly kind: "refused"; readonly others: number };

interface TenantQuotaDeps {
  readonly claims: TenantClaims;
  readonly pool: ClaimPool;
  /** What the records say that a tenant has, by name. */
  readonly records: (tenant: string) => Promise<ReadonlyMap<string, number>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Once it is filled it is known for minutes: more is a store that loses what it is told. */
const maxFills = 3;

/** One thing that tenants have a limit of. */
export class TenantQuota {
  readonly #deps: TenantQuotaDeps;

  constructor(deps: TenantQuotaDeps) {
    this.#deps = deps;
  }

  /**
   * Sets what `name` takes. With a limit it may be refused, and throws `store_unavailable`; without one it is only noted,
   * and what the store does not hear of now it learns from the records.
   */
  async claim(
    of: { readonly tenant: string; readonly name: string },
    amount: number,
    limit: number | undefined,
  ): Promise<TenantAnswer> {
    const { claims, pool } = this.#deps;
    if (limit === undefined) {
      await this.#quietly(() => claims.claim({ ...of, pool }, amount));
      return { kind: "claimed" };
    }
    for (let fills = 0; ; fills++) {
      const answer = await claims.claim({ ...of, pool }, amount, limit);
      if (answer.kind !== "unknown") return answer;
      if (fills >= maxFills) return { kind: "refused", others: limit };
      await this.#fill(of.tenant);
    }
  }

  /** Never rejects. */
  async release(tenant: string, name: string): Promise<void> {
    const { claims, pool } = this.#deps;
    await this.#quietly(() => claims.release({ pool, tenant, name }));
  }

  async #fill(tenant: string): Promise<void> {
    const { claims, pool, records, clock } = this.#deps;
    const sinceMs = clock.nowMs();
    const found = await records(tenant);
    await claims.fill({ pool, tenant }, found, Math.ceil(clock.nowMs() - sinceMs));
  }

  async #quietly(tell: () => Promise<unknown>): Promise<void> {
    try {
      await tell();
    } catch (error) {
      this.#deps.log.debug({ pool: this.#deps.pool, error: String(error) }, "a tenant's claim is not noted");
    }
  }
}
