import type { Background, Clock, Lifecycle, Log } from "@muster/base";
import { readDiskSpace } from "./adapters/disk/disk-space.ts";
import { createPrometheusMetrics, type PrometheusMetrics } from "./adapters/prometheus/metrics.ts";
import type { Observed } from "./adapters/prometheus/observed.ts";
import { createRedisStoreHealth } from "./adapters/redis/store-health.ts";
import type { StartedSecurity } from "./compose-security.ts";
import type { OrchestratorConfig } from "./config.ts";
import { parseObjectStoreUri } from "./core/object-store-uri.ts";
import { HealthWatch } from "./flows/health-watch.ts";
import { storeProblem } from "./flows/store-probe.ts";
import type { ObjectStore } from "./ports/object-store.ts";
import { version } from "./version.ts";

/** Builds what counts; what is looked at is there once all else has been built. */
export function createMetrics(
  config: OrchestratorConfig,
  deps: Omit<Observed, "nowMs"> & { readonly clock: Clock },
): PrometheusMetrics {
  const { clock, ...observed } = deps;
  return createPrometheusMetrics(
    { ...observed, nowMs: () => clock.wallMs() },
    {
      ...{ version, node: process.version },
      hasTenants: config.hasTenantMetrics,
      aliases: config.metricsAliases,
      // Of the process, not of the clock that tests move.
      nowMs: () => performance.now(),
    },
  );
}

/** Looks after Redis, the disks, the object store and the certificates from now on. */
export async function startHealth(deps: {
  readonly config: OrchestratorConfig;
  readonly address: string;
  readonly store: ObjectStore;
  readonly security: Pick<StartedSecurity, "expiries" | "trustEndsAtMs" | "damagedRecords">;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): Promise<Pick<HealthWatch, "latest">> {
  const { config, address, store, security, clock, log, background, lifecycle } = deps;
  const watch = new HealthWatch({
    store: createRedisStoreHealth({ address, log }),
    readDiskSpace,
    directories: directoriesOf(config),
    objectStoreProblem: () => storeProblem(store, clock),
    certificates: security.expiries,
    trustEndsAtMs: security.trustEndsAtMs,
    unreadableRecords: security.damagedRecords,
    ...{ clock, background },
  });
  lifecycle.onStop("health", () => watch.stop());
  await watch.start();
  return watch;
}

function directoriesOf(config: OrchestratorConfig): ReadonlyMap<string, string> {
  const directories = new Map([["data", config.dataDirectory]]);
  const store = parseObjectStoreUri(config.objectStore);
  if (store.kind === "directory") directories.set("objects", store.path);
  if (config.isMirrorOn) directories.set("mirror", config.mirrorDirectory);
  return directories;
}
