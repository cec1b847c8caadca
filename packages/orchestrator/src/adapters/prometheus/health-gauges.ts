import type { Registry } from "prom-client";
import { healthMetrics } from "../../core/metrics/definitions.ts";
import { lookedFamilies } from "./families.ts";
import type { Observed } from "./observed.ts";

/** What is known of the orchestrator's own surroundings: looked at before, never now. */
export function createHealthGauges(
  registry: Registry,
  build: { readonly version: string; readonly node: string },
): { look(observed: Pick<Observed, "health" | "isStoreUp" | "liveClients">): void } {
  const gauges = lookedFamilies(registry, healthMetrics);
  return {
    look(observed) {
      const { store, disks, certificates, unreadableRecords } = observed.health();
      gauges.forget();
      gauges.build.set(1, build.version, build.node);
      gauges.redisUp.set(observed.isStoreUp() ? 1 : 0);
      gauges.redisMemory.set(store?.usedBytes, "used");
      gauges.redisMemory.set(store?.maxBytes, "max");
      gauges.redisLatency.set(store?.latencySeconds);
      for (const [volume, { freeBytes, sizeBytes }] of disks) {
        gauges.diskFree.set(freeBytes, volume);
        gauges.diskSize.set(sizeBytes, volume);
      }
      for (const [certificate, endsAtMs] of certificates)
        gauges.certificateExpiry.set(endsAtMs / 1_000, certificate);
      gauges.unreadableRecords.set(unreadableRecords);
      gauges.liveClients.set(observed.liveClients());
    },
  };
}
