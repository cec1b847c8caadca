import { X509Certificate } from "node:crypto";
import type { Background, Clock, Lifecycle, Log } from "@muster/base";
import { freeSpace } from "./adapters/disk/free-space.ts";
import { createRedisMemory } from "./adapters/redis/redis-memory.ts";
import type { StartedBatches } from "./compose-batches.ts";
import type { StartedPlacement } from "./compose-placement.ts";
import type { StartedSecurity } from "./compose-security.ts";
import type { OrchestratorConfig } from "./config.ts";
import { batchState } from "./core/batches/batch.ts";
import type { BatchFact, CertificateFact, DiskFact } from "./core/findings/facts.ts";
import type { ModelCatalogue } from "./flows/catalogue/model-catalogue.ts";
import { FindingsDesk } from "./flows/findings/findings-desk.ts";
import { storeProblem } from "./flows/findings/store-probe.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";
import type { ServedModels } from "./flows/served-models.ts";
import type { ClusterHealth } from "./ports/cluster-health.ts";
import type { JobQueue } from "./ports/job-queue.ts";
import type { ObjectStore } from "./ports/object-store.ts";
import type { ServerCertificates } from "./ports/server-certificates.ts";
import { version } from "./version.ts";

/** The mirror makes room for itself: with less than this on its disk it cannot. */
const mirrorBytes = 1_000_000_000;
/** Of so many batches it is known whether they will be done in time. */
const mostBatches = 200;

interface FindingsParts {
  readonly config: OrchestratorConfig;
  readonly address: string;
  readonly store: ObjectStore;
  readonly queue: JobQueue;
  readonly fleet: FleetRegistry;
  readonly served: ServedModels;
  readonly placement: StartedPlacement;
  readonly catalogue: ModelCatalogue;
  readonly batching: StartedBatches;
  readonly security: StartedSecurity;
  readonly certificates: ServerCertificates | undefined;
  readonly comingUp: (model: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}

/** Builds what says what somebody should look at. */
export function createFindings(parts: FindingsParts): FindingsDesk {
  const { served, placement, catalogue, fleet, queue, security, comingUp, clock, log, background } = parts;
  const unmetBecause = (model: string) => placement.placer.unmet(model)?.reason;
  return new FindingsDesk({
    ...{ version, clock, log, background },
    health: createHealth(parts),
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
    unreadableRecords: () => security.unreadableRecords(),
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

function createHealth(parts: FindingsParts): ClusterHealth {
  const { config, address, store, certificates, security, clock, log, lifecycle } = parts;
  const redis = createRedisMemory({ address, log });
  lifecycle.onStop("health", () => redis.close());
  return {
    async look() {
      const [memory, { problem, freeBytes }, mirrorFreeBytes] = await Promise.all([
        redis.look(),
        storeProblem(store, clock),
        config.isMirrorOn ? freeSpace(config.mirrorDirectory) : undefined,
      ]);
      const disks: DiskFact[] = [];
      if (freeBytes !== undefined)
        disks.push({ volume: "objects", freeBytes, neededBytes: config.storeReserveBytes });
      if (mirrorFreeBytes !== undefined)
        disks.push({ volume: "mirror", freeBytes: mirrorFreeBytes, neededBytes: mirrorBytes });
      return {
        ...{ redis: memory, disks, objectStoreProblem: problem },
        certificates: [
          ...shownToClients(config, certificates),
          ...endOf(security.anchors(), { certificate: "authority", isRenewed: false }),
        ],
      };
    },
  };
}

function shownToClients({ tls }: OrchestratorConfig, certificates: ServerCertificates | undefined) {
  const shown = certificates === undefined ? [] : [certificates.current().cert];
  return endOf(shown, { certificate: "clients", isRenewed: tls.kind === "own" });
}

/** When the last of these ends. */
function endOf(pems: readonly string[], about: Omit<CertificateFact, "endsAtMs">): CertificateFact[] {
  const ends = pems.map((pem) => Date.parse(new X509Certificate(pem).validTo));
  return ends.length === 0 ? [] : [{ ...about, endsAtMs: Math.max(...ends) }];
}
