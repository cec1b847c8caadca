import type { Background, Clock, Lifecycle, Log } from "@muster/base";
import { createRedisQuota } from "./adapters/redis/quota.ts";
import { createRedisTenantClaims } from "./adapters/redis/tenant-claims.ts";
import type { OrchestratorConfig } from "./config.ts";
import type { BatchPayer } from "./core/batches/batch.ts";
import type { AttemptTable } from "./flows/attempt-table.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";
import { MonthGate } from "./flows/quota/month-gate.ts";
import { QuotaDesk } from "./flows/quota/quota-desk.ts";
import type { KeyRing } from "./flows/trust/key-ring.ts";
import { UsageBook } from "./flows/usage/usage-book.ts";
import { workOf } from "./flows/usage/work-of.ts";
import type { Metrics } from "./ports/metrics.ts";
import type { ObjectStore } from "./ports/object-store.ts";
import type { Quota } from "./ports/quota.ts";
import type { TenantClaims } from "./ports/tenant-claims.ts";

export interface StartedQuota {
  readonly quota: Quota;
  readonly desk: QuotaDesk;
  readonly usage: UsageBook;
  readonly months: MonthGate;
  readonly claims: TenantClaims;
  /** The share of the batch lanes that a key gives its tenant now. */
  readonly weightOf: (payer: BatchPayer | undefined) => number | undefined;
}

/** Builds what holds keys to their limits, and what remembers what they took. */
export function startQuota(deps: {
  readonly config: OrchestratorConfig;
  readonly self: string;
  readonly address: string;
  readonly store: ObjectStore;
  readonly metrics: Metrics;
  readonly fleet: FleetRegistry;
  readonly attempts: AttemptTable;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): StartedQuota {
  const { config, self, address, store, metrics, fleet, attempts, keyRing } = deps;
  const { clock, log, background, lifecycle } = deps;
  const usage = new UsageBook({ self, store, clock, log, background });
  usage.start();
  attempts.onWorked((work) => usage.worked(...workOf(work, fleet.worker(work.workerId))));
  lifecycle.onStop("usage", () => usage.stop());
  const quota = createRedisQuota({ address, prefix: config.redisPrefix, log });
  const monthUsed = (keyId: string, month: string) => usage.monthUsed(keyId, month);
  const desk = new QuotaDesk({ quota, monthUsed, metrics, clock, log, background });
  const claims = createRedisTenantClaims({ address, prefix: config.redisPrefix, log });
  lifecycle.onStop("limits", async () => {
    desk.stop();
    await quota.close();
    await claims.close();
  });
  const limitsOf = (keyId: string) => keyRing.limitsOf(keyId);
  const months = new MonthGate({ quota, monthUsed, limitsOf, clock });
  const weightOf = (payer: BatchPayer | undefined) =>
    payer === undefined ? undefined : (limitsOf(payer.keyId) ?? payer.limits).weight;
  return { quota, desk, usage, claims, months, weightOf };
}
