import type { Background, Clock, Log } from "@muster/base";
import type { StartedBatches } from "./compose-batches.ts";
import type { StartedPlacement } from "./compose-placement.ts";
import type { StartedSecurity } from "./compose-security.ts";
import type { OrchestratorConfig } from "./config.ts";
import { batchState } from "./core/batches/batch.ts";
import type { BatchFact } from "./core/findings/facts.ts";
import type { ModelCatalogue } from "./flows/catalogue/model-catalogue.ts";
import { FindingsDesk } from "./flows/findings/findings-desk.ts";
import { healthFacts } from "./flows/findings/health-facts.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";
import type { HealthWatch } from "./flows/health-watch.ts";
import type { ServedModels } from "./flows/served-models.ts";
import type { JobQueue } from "./ports/job-queue.ts";
import { version } from "./version.ts";

/** Of so many batches it is known whether they will be done in time. */
const mostBatches = 200;

interface FindingsParts {
  readonly config: OrchestratorConfig;
  readonly queue: JobQueue;
  readonly fleet: FleetRegistry;
  readonly served: ServedModels;
  readonly placement: StartedPlacement;
  readonly catalogue: ModelCatalogue;
  readonly batching: StartedBatches;
  readonly security: Pick<StartedSecurity, "keyRing">;
  readonly health: Pick<HealthWatch, "latest">;
  readonly comingUp: (model: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

/** Builds what says what somebody should look at. */
export function createFindings(parts: FindingsParts): FindingsDesk {
  const { config, served, placement, catalogue, fleet, queue, security, comingUp, clock, log, background } =
    parts;
  const { storeReserveBytes, tls } = config;
  const unmetBecause = (model: string) => placement.placer.unmet(model)?.reason;
  return new FindingsDesk({
    ...{ version, clock, log, background },
    health: () =>
      healthFacts(parts.health.latest(), { storeReserveBytes, isCertificateRenewed: tls.kind === "own" }),
    model: (model) => ({
      slots: served.slots(model),
      comingUp: comingUp(model),
      unmetBecause: unmetBecause(model),
    }),
    pins: () =>
      catalogue.list().flatMap(({ entry: { id }, pin }) => {
        const because = unmetBecause(id);
        // Where placement lacks nothing, another orchestrator may have the rest.
        if (pin === undefined || because === undefined) return [];
        const there = fleet.replicasOf(id).filter(({ state }) => state !== "failed" && state !== "unloaded");
        return [{ model: id, wanted: pin.replicas, there: there.length, unmetBecause: because }];
      }),
    batches: () => batchFacts(parts.batching),
    nameOf: (workerId) => fleet.worker(workerId)?.name ?? workerId,
    isRedisUp: () => queue.isUp(),
    isOpen: () => security.keyRing.isOpen,
  });
}

async function batchFacts({ active, batches }: StartedBatches): Promise<readonly BatchFact[]> {
  const running = active.all().filter(({ events }) => batchState(events) === "in_progress");
  return Promise.all(
    running.slice(0, mostBatches).map(async (batch) => {
      const { id, tenant, expiresAtMs } = batch.record;
      const { forecast } = await batches.look(batch);
      return { id, tenant, expiresAtMs, expectedEndAtMs: forecast?.finishAtMs };
    }),
  );
}
