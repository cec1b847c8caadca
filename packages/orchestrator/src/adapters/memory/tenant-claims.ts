import type { Clock } from "@muster/base";
import type { ClaimsOf, TenantClaims } from "../../ports/tenant-claims.ts";

const knownMs = 600_000;
/** A claim so young may have no record yet. */
const youngMs = 60_000;

interface Tenant {
  readonly held: Map<string, { readonly amount: number; readonly atMs: number }>;
  knownUntilMs: number;
}

/** For tests: claims that one process counts. */
export function createMemoryTenantClaims({ clock }: { readonly clock: Clock }): TenantClaims {
  const tenants = new Map<string, Tenant>();
  const tenantOf = ({ pool, tenant }: ClaimsOf): Tenant => {
    const name = JSON.stringify([pool, tenant]);
    const known = tenants.get(name) ?? { held: new Map(), knownUntilMs: Number.NEGATIVE_INFINITY };
    tenants.set(name, known);
    return known;
  };
  return {
    async claim(of, amount, limit) {
      const { held, knownUntilMs } = tenantOf(of);
      const nowMs = clock.nowMs();
      if (limit !== undefined) {
        if (nowMs >= knownUntilMs) return { kind: "unknown" };
        const before = held.get(of.name)?.amount ?? 0;
        const others = [...held.values()].reduce((sum, one) => sum + one.amount, 0) - before;
        if (amount > before && others + amount > limit) return { kind: "refused", others };
      }
      held.set(of.name, { amount, atMs: nowMs });
      return { kind: "claimed" };
    },
    async release(of) {
      tenantOf(of).held.delete(of.name);
    },
    async fill(of, records, tookMs) {
      const tenant = tenantOf(of);
      const nowMs = clock.nowMs();
      for (const [name, { atMs }] of tenant.held)
        if (!records.has(name) && atMs < nowMs - tookMs - youngMs) tenant.held.delete(name);
      for (const [name, amount] of records)
        if (!tenant.held.has(name)) tenant.held.set(name, { amount, atMs: nowMs });
      tenant.knownUntilMs = nowMs + knownMs;
    },
    async close() {},
  };
}
