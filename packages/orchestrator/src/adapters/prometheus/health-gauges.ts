import { healthMetrics } from "../../core/metrics/definitions.ts";
import { GaugeText, type Pieces } from "./families.ts";
import type { Observed } from "./observed.ts";

/** What is known of the orchestrator's own surroundings: looked at before, never now. */
export function* healthGauges(
  observed: Pick<Observed, "health" | "isStoreUp" | "liveClients">,
  build: { readonly version: string; readonly node: string },
): Pieces {
  const { store, disks, certificates, unreadableRecords } = observed.health();
  const gauge = (key: keyof typeof healthMetrics) => new GaugeText(healthMetrics[key]);
  const info = gauge("build");
  info.set(1, build.version, build.node);
  const redisUp = gauge("redisUp");
  redisUp.set(observed.isStoreUp() ? 1 : 0);
  const memory = gauge("redisMemory");
  memory.set(store?.usedBytes, "used");
  memory.set(store?.maxBytes, "max");
  const latency = gauge("redisLatency");
  latency.set(store?.latencySeconds);
  const diskFree = gauge("diskFree");
  const diskSize = gauge("diskSize");
  for (const [volume, { freeBytes, sizeBytes }] of disks) {
    diskFree.set(freeBytes, volume);
    diskSize.set(sizeBytes, volume);
  }
  const expiry = gauge("certificateExpiry");
  for (const [certificate, endsAtMs] of certificates) expiry.set(endsAtMs / 1_000, certificate);
  const unreadable = gauge("unreadableRecords");
  unreadable.set(unreadableRecords);
  const live = gauge("liveClients");
  live.set(observed.liveClients());
  const all = [info, redisUp, memory, latency, diskFree, diskSize, expiry, unreadable, live];
  for (const one of all) yield* one.text();
}
