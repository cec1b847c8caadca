import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { TenantClaims } from "./tenant-claims.ts";

export interface OpenedClaims {
  /** Several views of one store, as orchestrators have them. */
  readonly claims: readonly [TenantClaims, TenantClaims];
  /** Moves the store's clock. */
  advance(ms: number): void;
}

/** What every count of tenants' claims promises. `open` gives an empty store, seen from two places. */
export function tenantClaimsContract(name: string, open: () => Promise<OpenedClaims>): void {
  describe(`${name}: what tenants take`, () => {
    const opened: OpenedClaims[] = [];
    const start = async () => {
      const store = await open();
      opened.push(store);
      const [one, other] = store.claims;
      return { one, other, advance: store.advance };
    };
    afterEach(async () => {
      for (const { claims } of opened.splice(0)) for (const each of claims) await each.close();
    });
    const pool = "batch-lines" as const;
    const of = (of: string, tenant = "t") => ({ pool, tenant, name: of });
    const nobody = { pool, tenant: "t" };

    it("asks for the records of a tenant that it does not know, and only where there is a limit", async () => {
      const { one } = await start();
      expect(await one.claim(of("a"), 5, 100)).toEqual({ kind: "unknown" });
      expect(await one.claim(of("b"), 70)).toEqual({ kind: "claimed" });
      await one.fill(nobody, new Map([["old", 20]]), 0);
      // What was claimed before it was filled counts.
      expect(await one.claim(of("a"), 11, 100)).toEqual({ kind: "refused", others: 90 });
      expect(await one.claim(of("a"), 10, 100)).toEqual({ kind: "claimed" });
    });

    it("lets a tenant have up to its limit, wherever it asks, and again after a release", async () => {
      const { one, other } = await start();
      await one.fill(nobody, new Map(), 0);
      expect(await one.claim(of("a"), 60, 100)).toEqual({ kind: "claimed" });
      expect(await other.claim(of("b"), 41, 100)).toEqual({ kind: "refused", others: 60 });
      expect(await other.claim(of("b"), 40, 100)).toEqual({ kind: "claimed" });
      // The same again, and less, takes nothing.
      expect(await one.claim(of("a"), 60, 100)).toEqual({ kind: "claimed" });
      expect(await one.claim(of("a"), 50, 10)).toEqual({ kind: "claimed" });
      await other.release(of("a"));
      await other.release(of("a"));
      expect(await one.claim(of("c"), 61, 100)).toEqual({ kind: "refused", others: 40 });
      expect(await one.claim(of("c"), 60, 100)).toEqual({ kind: "claimed" });
      await one.fill({ pool, tenant: "u" }, new Map(), 0);
      expect(await one.claim(of("a", "u"), 100, 100)).toEqual({ kind: "claimed" });
    });

    it("forgets what the records do not have, but for what is new", async () => {
      const { one, advance } = await start();
      await one.fill(nobody, new Map([["kept", 10]]), 0);
      await one.claim(of("lost"), 30, 100);
      advance(61_000);
      await one.claim(of("new"), 20, 100);
      await one.fill(nobody, new Map([["kept", 10]]), 0);
      expect(await one.claim(of("x"), 71, 100)).toEqual({ kind: "refused", others: 30 });
      advance(30 * 60_000);
      expect(await one.claim(of("x"), 1, 100)).toEqual({ kind: "unknown" });
    });

    it("is never over a limit whatever the order of things", async () => {
      const { one, other } = await start();
      let runs = 0;
      const step = fc.record({
        isRelease: fc.boolean(),
        at: fc.nat(1),
        name: fc.constantFrom("a", "b", "c", "d"),
        amount: fc.integer({ min: 1, max: 60 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          const tenant = `run-${++runs}`;
          await one.fill({ pool, tenant }, new Map(), 0);
          const held = new Map<string, number>();
          for (const { isRelease, at, name: which, amount } of steps) {
            const claims = [one, other][at] ?? one;
            const others = [...held].reduce((sum, [each, has]) => (each === which ? sum : sum + has), 0);
            if (isRelease) {
              await claims.release(of(which, tenant));
              held.delete(which);
              continue;
            }
            const answer = await claims.claim(of(which, tenant), amount, 100);
            const fits = others + amount <= 100 || amount <= (held.get(which) ?? 0);
            expect(answer).toEqual(fits ? { kind: "claimed" } : { kind: "refused", others });
            if (fits) held.set(which, amount);
          }
          expect([...held.values()].reduce((sum, has) => sum + has, 0)).toBeLessThanOrEqual(100);
        }),
        { numRuns: 60 },
      );
    });
  });
}
