import { randomBytes, randomUUID } from "node:crypto";
import { readDashboardSite, siteFolder } from "./adapters/disk/dashboard-site.ts";
import type { PrometheusMetrics } from "./adapters/prometheus/metrics.ts";
import type { StartedBatches } from "./compose-batches.ts";
import type { StartedCatalogue } from "./compose-catalogue.ts";
import type { OfficeMirror } from "./compose-mirror.ts";
import type { StartedPlacement } from "./compose-placement.ts";
import type { StartedQuota } from "./compose-quota.ts";
import type { StartedSecurity } from "./compose-security.ts";
import type { OrchestratorConfig } from "./config.ts";
import type { HttpDeps } from "./http/http-deps.ts";
import { type HttpServer, startHttpServer } from "./http/server.ts";
import type { ServerCertificates } from "./ports/server-certificates.ts";

/** What the routes are given as it is. */
type Given = Pick<
  HttpDeps,
  | "desk"
  | "fleet"
  | "energy"
  | "served"
  | "canary"
  | "live"
  | "metrics"
  | "tracer"
  | "clock"
  | "log"
  | "logs"
  | "comingUp"
  | "unreadyBecause"
>;

interface HttpParts extends Given {
  readonly config: OrchestratorConfig;
  readonly certificates: ServerCertificates | undefined;
  readonly security: StartedSecurity;
  readonly quotas: StartedQuota;
  readonly batching: StartedBatches;
  readonly models: StartedCatalogue;
  readonly placement: StartedPlacement;
  readonly office: OfficeMirror;
  readonly prometheus: PrometheusMetrics;
}

/** Opens the ports that clients, administrators and Prometheus ask. */
export async function startHttp(parts: HttpParts): Promise<HttpServer> {
  const {
    config,
    certificates,
    security,
    quotas,
    batching,
    models,
    placement,
    office,
    prometheus,
    ...given
  } = parts;
  const { keyRing, keys, refusals, sessions, signInLimit, audit, auditDesk } = security;
  return startHttpServer(
    {
      ...given,
      ...{ keyRing, keys, refusals, sessions, signInLimit, audit, auditDesk },
      trust: security.trust?.desk,
      quota: quotas.desk,
      usage: quotas.usage,
      presence: batching.presence,
      models: { catalogue: models.catalogue, resolver: models.resolverFor(given.served) },
      batches: {
        files: batching.files,
        desk: batching.batches,
        limits: { maxFileBytes: config.maxBatchFileBytes },
      },
      mirror: { desk: office.desk, maxFileBytes: config.maxImportBytes },
      placement: placement.placer,
      scrape: () => prometheus.scrape(),
      site: await readDashboardSite(config.dashboardDirectory ?? siteFolder()),
      pricePerKwh: config.pricePerKwh,
      bodyLimitBytes: config.bodyLimitBytes,
      queueTimeoutMs: config.queueTimeoutMs,
      startedAtMs: given.clock.nowMs(),
      startedWallMs: given.clock.wallMs(),
      newId: (idPrefix) => `${idPrefix}${randomUUID()}`,
      newTraceId: () => randomUUID().replaceAll("-", ""),
      randomSeed: () => randomBytes(4).readUInt32LE(),
    },
    {
      host: config.host,
      port: config.port,
      admin: config.adminListener,
      metrics: config.metricsListener,
      certificates,
      ...{ trustedProxies: config.trustedProxies, headersTimeoutMs: config.headersTimeoutMs },
    },
  );
}
