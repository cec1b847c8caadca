import { join, resolve } from "node:path";
import {
  defaultDataDirectory,
  type Env,
  isLoopbackHost,
  MusterError,
  readByteSize,
  readChoice,
  readInteger,
  readList,
  readText,
} from "@muster/base";
import { builtInCatalogue, type ModelEntry } from "@muster/models";
import { parseKeyEntry } from "./core/access/api-keys.ts";
import { type CanaryMode, canaryModes } from "./core/fleet/canary.ts";
import type { SampleSpans } from "./core/live/resolutions.ts";
import { type FleetTrustConfig, readFleetTrustConfig } from "./fleet-trust-config.ts";
import { type MetricsConfig, readMetricsConfig } from "./metrics-config.ts";
import { readTraceConfig, type TraceConfig } from "./trace-config.ts";
import { checkTls, readTrustConfig, type TrustConfig } from "./trust-config.ts";

export interface OrchestratorConfig extends TrustConfig, FleetTrustConfig, MetricsConfig {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly fleetHost: string;
  readonly fleetPort: number;
  /** Undefined: a Redis of our own is started. */
  readonly redisUrl: string | undefined;
  /** `redis-server` or `valkey-server`, or a path; undefined: whichever is on PATH. */
  readonly redisExecutable: string | undefined;
  /** Where servers are looked for: a PATH variable. */
  readonly searchPath: string;
  /** Before every key in Redis. */
  readonly redisPrefix: string;
  readonly dataDirectory: string;
  readonly apiKeys: readonly string[];
  readonly bodyLimitBytes: number;
  /** A request that has no slot by then is turned away. */
  readonly queueTimeoutMs: number;
  readonly maxQueuedRequests: number;
  /** What running requests get to finish when the orchestrator is told to stop. */
  readonly drainMs: number;
  readonly heartbeatIntervalMs: number;
  /** Of a kilowatt-hour, in any currency; undefined: costs are not told. */
  readonly pricePerKwh: number | undefined;
  /** Where files and batches are: a directory, or `s3://bucket/prefix?...`. Every orchestrator needs the same. */
  readonly objectStore: string;
  /** What must stay free there for batches to go on. */
  readonly storeReserveBytes: number;
  readonly maxBatchFileBytes: number;
  readonly maxBatchLines: number;
  /** Shares of the batch lanes; 1 for a tenant that is not named. */
  readonly tenantWeights: ReadonlyMap<string, number>;
  /** Hosts that webhooks may be sent to. */
  readonly webhookHosts: readonly string[];
  readonly webhookSecret: string | undefined;
  /** Hosts that model files may be fetched from though they are in a private network. */
  readonly fetchHosts: readonly string[];
  /** Whether models are loaded where they are asked for, on workers that leave it to us. */
  readonly isPlacing: boolean;
  /** A request waits at most so long for its model to be fetched and loaded. */
  readonly coldStartMs: number;
  /** Whether replicas answer golden prompts before they get work. */
  readonly canary: CanaryMode;
  /** Whether workers on the network may find this orchestrator, where its fleet port can be reached from there. */
  readonly isDiscoverable: boolean;
  /** What hours of the week are told in: an IANA name. */
  readonly timeZone: string;
  /** Whether workers may get model files from here. */
  readonly isMirrorOn: boolean;
  /** Where those files are. */
  readonly mirrorDirectory: string;
  /** What they may take in all; undefined: the disk, but for a reserve. */
  readonly mirrorDiskBytes: number | undefined;
  /** The largest file that may be put into the mirror over HTTP. */
  readonly maxImportBytes: number;
  readonly huggingFaceEndpoint: string | undefined;
  readonly huggingFaceToken: string | undefined;
  /** Where the dashboard's build is; undefined: in its package. */
  readonly dashboardDirectory: string | undefined;
  /** What is known by name from the start; another one is for tests. */
  readonly catalogue: readonly ModelEntry[];
  /** Windows shorter than the API's shortest: for tests. */
  readonly shortestBatchWindowMs: number;
  /** Time between two looks of the live view; other ones are for tests. */
  readonly liveIntervalMs: number;
  /** How long the spans are that the history keeps; other ones are for tests. */
  readonly historySpans: SampleSpans;
  /** Whether slow lines at the end of a batch are tried on a second worker as well. */
  readonly hedges: boolean;
  /** Where spans go; undefined: traces are off. */
  readonly traces: TraceConfig | undefined;
}

export type OrchestratorOverrides = Partial<OrchestratorConfig>;

const minSecretLength = 16;

/**
 * The configuration from flags (`overrides`), then the environment, then defaults; checked and frozen.
 * Throws MusterError `invalid_request` naming the setting, what is wrong and what to do.
 */
export function loadOrchestratorConfig(
  overrides: OrchestratorOverrides,
  env: Env = process.env,
): OrchestratorConfig {
  const host = overrides.host ?? readText(env, "MUSTER_HOST") ?? "127.0.0.1";
  const seconds = (name: string, max: number) => {
    const value = readInteger(env, name, { min: 1, max });
    return value === undefined ? undefined : value * 1000;
  };
  // Redis is started in it, and would look for a relative path from there.
  const dataDirectory = resolve(
    overrides.dataDirectory ?? readText(env, "MUSTER_DATA_DIR") ?? defaultDataDirectory(env),
  );
  const config: OrchestratorConfig = {
    host,
    port: overrides.port ?? readInteger(env, "MUSTER_PORT", { min: 0, max: 65_535 }) ?? 11_500,
    fleetHost: overrides.fleetHost ?? readText(env, "MUSTER_FLEET_HOST") ?? host,
    fleetPort:
      overrides.fleetPort ?? readInteger(env, "MUSTER_FLEET_PORT", { min: 0, max: 65_535 }) ?? 11_501,
    redisUrl: overrides.redisUrl ?? readText(env, "REDIS_URL"),
    redisExecutable: overrides.redisExecutable ?? readText(env, "MUSTER_REDIS_SERVER"),
    searchPath: overrides.searchPath ?? readText(env, "PATH") ?? "/usr/bin:/bin",
    redisPrefix: overrides.redisPrefix ?? readText(env, "MUSTER_REDIS_PREFIX") ?? "muster",
    dataDirectory,
    ...readTrustConfig(overrides, { env, dataDirectory }),
    apiKeys: overrides.apiKeys ?? readList(env, "MUSTER_API_KEYS"),
    ...readFleetTrustConfig(overrides, env),
    ...readMetricsConfig(overrides, env),
    // A request travels to its worker in one message (`maxMessageBytes`): this leaves room for what is added.
    bodyLimitBytes: overrides.bodyLimitBytes ?? 14 * 1024 * 1024,
    queueTimeoutMs: overrides.queueTimeoutMs ?? seconds("MUSTER_QUEUE_TIMEOUT_SECONDS", 86_400) ?? 60_000,
    maxQueuedRequests:
      overrides.maxQueuedRequests ??
      readInteger(env, "MUSTER_MAX_QUEUED", { min: 1, max: 1_000_000 }) ??
      10_000,
    drainMs: overrides.drainMs ?? seconds("MUSTER_DRAIN_SECONDS", 3_600) ?? 60_000,
    heartbeatIntervalMs: overrides.heartbeatIntervalMs ?? 2_000,
    pricePerKwh: overrides.pricePerKwh ?? readPrice(env, "MUSTER_PRICE_PER_KWH"),
    objectStore:
      overrides.objectStore ?? readText(env, "MUSTER_OBJECT_STORE") ?? join(dataDirectory, "objects"),
    storeReserveBytes:
      overrides.storeReserveBytes ??
      readInteger(env, "MUSTER_STORE_RESERVE_BYTES", { min: 0, max: 2 ** 50 }) ??
      256 * 1024 * 1024,
    maxBatchFileBytes:
      overrides.maxBatchFileBytes ??
      readInteger(env, "MUSTER_BATCH_MAX_BYTES", { min: 1, max: 2 * 1024 ** 3 }) ??
      200 * 1024 * 1024,
    maxBatchLines:
      overrides.maxBatchLines ??
      readInteger(env, "MUSTER_BATCH_MAX_LINES", { min: 1, max: 1_000_000 }) ??
      50_000,
    tenantWeights: overrides.tenantWeights ?? readWeights(readList(env, "MUSTER_TENANT_WEIGHTS")),
    webhookHosts: overrides.webhookHosts ?? readList(env, "MUSTER_WEBHOOK_HOSTS"),
    webhookSecret: overrides.webhookSecret ?? readText(env, "MUSTER_WEBHOOK_SECRET"),
    fetchHosts: overrides.fetchHosts ?? readList(env, "MUSTER_FETCH_HOSTS"),
    isPlacing: overrides.isPlacing ?? readChoice(env, "MUSTER_PLACEMENT", ["on", "off"]) !== "off",
    coldStartMs: overrides.coldStartMs ?? seconds("MUSTER_COLD_START_SECONDS", 86_400) ?? 1_800_000,
    canary: overrides.canary ?? readChoice(env, "MUSTER_CANARY", canaryModes) ?? "on",
    isDiscoverable:
      overrides.isDiscoverable ?? readChoice(env, "MUSTER_DISCOVERY", ["on", "off"] as const) !== "off",
    timeZone:
      overrides.timeZone ??
      readText(env, "MUSTER_TIME_ZONE") ??
      Intl.DateTimeFormat().resolvedOptions().timeZone,
    isMirrorOn: overrides.isMirrorOn ?? readChoice(env, "MUSTER_MIRROR", ["on", "off"]) !== "off",
    mirrorDirectory: resolve(
      overrides.mirrorDirectory ?? readText(env, "MUSTER_MIRROR_DIR") ?? join(dataDirectory, "models"),
    ),
    mirrorDiskBytes: overrides.mirrorDiskBytes ?? readByteSize(env, "MUSTER_MIRROR_DISK_BYTES"),
    maxImportBytes: overrides.maxImportBytes ?? readByteSize(env, "MUSTER_IMPORT_MAX_BYTES") ?? 2 ** 40,
    huggingFaceEndpoint: overrides.huggingFaceEndpoint ?? readText(env, "HF_ENDPOINT"),
    huggingFaceToken: overrides.huggingFaceToken ?? readText(env, "HF_TOKEN"),
    dashboardDirectory: overrides.dashboardDirectory,
    catalogue: overrides.catalogue ?? builtInCatalogue,
    shortestBatchWindowMs: overrides.shortestBatchWindowMs ?? 3_600_000,
    liveIntervalMs: overrides.liveIntervalMs ?? 2_000,
    historySpans: overrides.historySpans ?? { fine: 10_000, middle: 60_000, coarse: 600_000 },
    traces: overrides.traces ?? readTraceConfig(env),
    hedges: overrides.hedges ?? readChoice(env, "MUSTER_HEDGE", ["on", "off"]) === "on",
  };
  check(config);
  return Object.freeze(config);
}

function check(config: OrchestratorConfig): void {
  if (!isTimeZone(config.timeZone)) {
    throw new MusterError(
      "invalid_request",
      `MUSTER_TIME_ZONE is "${config.timeZone}": it must be the name of a time zone, such as Europe/Berlin or UTC.`,
      { param: "MUSTER_TIME_ZONE" },
    );
  }
  for (const key of config.apiKeys) requireStrong("MUSTER_API_KEYS", parseKeyEntry(key).secret);
  checkTls(config, { host: config.host, isLoopback: isLoopbackHost });
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

function requireStrong(name: string, secret: string): void {
  if (secret.length >= minSecretLength && !/\s/.test(secret)) return;
  throw new MusterError(
    "invalid_request",
    `${name} holds a secret that is too short or has spaces in it: use at least ${minSecretLength} characters (for example the output of: openssl rand -hex 32).`,
    { param: name },
  );
}

/** `0.32`. Throws `invalid_request` for what is no price. */
function readPrice(env: Env, name: string): number | undefined {
  const text = readText(env, name);
  if (text === undefined) return undefined;
  const price = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && price <= 1_000_000) return price;
  throw new MusterError(
    "invalid_request",
    `${name} is "${text}": write the price of a kilowatt-hour as a number, such as 0.32.`,
    { param: name },
  );
}

/** `design=3,lab=0.5`. Throws `invalid_request` for what is no weight. */
function readWeights(entries: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    entries.map((entry) => {
      const [tenant = "", text = ""] = entry.split("=");
      const weight = Number(text);
      if (tenant !== "" && text !== "" && weight >= 0.01 && weight <= 1_000) return [tenant, weight];
      throw new MusterError(
        "invalid_request",
        `MUSTER_TENANT_WEIGHTS has "${entry}": write name=weight, with a weight from 0.01 to 1000, such as design=3.`,
        { param: "MUSTER_TENANT_WEIGHTS" },
      );
    }),
  );
}
