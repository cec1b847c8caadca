import { randomUUID } from "node:crypto";
import { Background, type Clock, Lifecycle, type Log, systemClock, teeLog } from "@muster/base";
import { createBullmqJobQueue } from "./adapters/bullmq/job-queue.ts";
import { createRedisModelDirectory } from "./adapters/redis/model-directory.ts";
import { createRedisTokenBus } from "./adapters/redis/token-bus.ts";
import { startBatches } from "./compose-batches.ts";
import { startCanary } from "./compose-canary.ts";
import { startCatalogue } from "./compose-catalogue.ts";
import { createFindings } from "./compose-findings.ts";
import { tellOfFleet } from "./compose-fleet-events.ts";
import { startFleetPort } from "./compose-fleet-port.ts";
import { startHttp } from "./compose-http.ts";
import { startLive } from "./compose-live.ts";
import { createMetrics, startHealth } from "./compose-metrics.ts";
import { startMirror } from "./compose-mirror.ts";
import { createPlacement } from "./compose-placement.ts";
import { startQuota } from "./compose-quota.ts";
import { openRedis } from "./compose-redis.ts";
import { startSecurity } from "./compose-security.ts";
import { openObjectStore } from "./compose-store.ts";
import type { OwnCertificates } from "./compose-tls.ts";
import { startTraces } from "./compose-traces.ts";
import type { OrchestratorConfig } from "./config.ts";
import { countByState } from "./core/batches/batch.ts";
import { mergedLanes } from "./core/lane.ts";
import { AttemptTable } from "./flows/attempt-table.ts";
import { createModelFinder, goldenOf, isPinnedFile } from "./flows/catalogue/catalogue-files.ts";
import { outlookOf } from "./flows/catalogue/fleet-outlook.ts";
import { deliverMessages } from "./flows/deliver-message.ts";
import { EnergyBook } from "./flows/energy-book.ts";
import { finishJobs } from "./flows/finish-jobs.ts";
import { FleetRegistry } from "./flows/fleet-registry.ts";
import { LaneControl } from "./flows/lane-control.ts";
import { alsoTo, FlowMeter } from "./flows/live/flow-meter.ts";
import { LogShelf } from "./flows/log-shelf.ts";
import { RequestDesk } from "./flows/request-desk.ts";
import { JobRunner } from "./flows/run-job.ts";
import { ServedModels } from "./flows/served-models.ts";
import type { TrustDesk } from "./flows/trust/trust-desk.ts";
import type { HttpServer } from "./http/server.ts";
import type { Metrics } from "./ports/metrics.ts";

/** What still goes on in the background after everything that people wait for: another orchestrator takes it up. */
const backgroundMs = 5_000;

export interface RunningOrchestrator {
  /** `http://host:port`, or `https:`. */
  readonly url: string;
  /** Where administrators ask, where that is not the same. */
  readonly adminUrl: string | undefined;
  /** Where metrics answer, where that is a listener of its own. */
  readonly metricsUrl: string | undefined;
  /** What clients may ask, and who of them. */
  readonly routes: HttpServer["routes"];
  /** The file with the operator's key, where one was needed. */
  readonly operatorKeyFile: string | undefined;
  /** `host:port` that workers dial. */
  readonly fleetAddress: string;
  /** Where Redis is: a URL, or the path of its socket. */
  readonly redisAddress: string;
  /** Who may join; undefined: the fleet port is on loopback, and nobody needs an invitation. */
  readonly trust: Pick<TrustDesk, "invite" | "enrolments"> | undefined;
  /** What is under way now: for tests and for the curious. */
  load(): { readonly openRequests: number; readonly runningAttempts: number };
  /** Finishes running requests (see `drainMs`), turns away the others, closes everything. Safe to call twice. */
  stop(): Promise<void>;
}

/** Builds and starts an orchestrator. Throws MusterError with what is missing and what to do. */
export async function startOrchestrator(
  config: OrchestratorConfig,
  deps: {
    readonly log: Log;
    readonly clock?: Clock;
    readonly ownCertificates?: OwnCertificates;
    /** Stands before what counts: for benches, which ask what counting costs. */
    readonly beforeMetrics?: (metrics: Metrics) => Metrics;
  },
): Promise<RunningOrchestrator> {
  const clock = deps.clock ?? systemClock;
  const logs = new LogShelf({ clock });
  const log = teeLog(deps.log, (...line) => logs.add(...line));
  const lifecycle = new Lifecycle(log);
  try {
    return await start(config, { ...deps, log, logs, clock, lifecycle });
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function start(
  config: OrchestratorConfig,
  deps: {
    readonly log: Log;
    readonly logs: LogShelf;
    readonly clock: Clock;
    readonly lifecycle: Lifecycle;
    readonly ownCertificates?: OwnCertificates;
    readonly beforeMetrics?: (metrics: Metrics) => Metrics;
  },
): Promise<RunningOrchestrator> {
  const { log, logs, clock, lifecycle } = deps;
  const orchestratorId = `orc-${randomUUID()}`;
  const background = new Background(log);
  const { traces } = config;
  const tracer = await startTraces({ traces, self: orchestratorId, clock, log, lifecycle });

  const address = await openRedis(config, deps);
  const { redisPrefix: prefix } = config;
  const queue = createBullmqJobQueue({ address, prefix, log });
  lifecycle.onStop("queue", () => queue.close());
  const bus = createRedisTokenBus({ address, prefix, self: orchestratorId, log, clock });
  lifecycle.onStop("bus", () => bus.close());

  const fleet = new FleetRegistry({ clock, log, random: Math.random });
  const energy = new EnergyBook({ clock, heartbeatIntervalMs: config.heartbeatIntervalMs });
  const meter = new FlowMeter();
  const prometheus = createMetrics(config, {
    workers: () => fleet.looks(),
    lostWorkers: () => fleet.lost(),
    energy: (workerId) => energy.of(workerId),
    openRequests: () => desk.size,
    lanes: () => mergedLanes(desk.waiting(), batching.waiting()),
    running: () => attempts.running(),
    isStoreUp: () => queue.isUp(),
    batches: () => countByState(batching.active.all()),
    runningLines: () => batching.lines.size,
    health: () => health.latest(),
    liveClients: () => live.feed.size,
    clock,
  });
  lifecycle.onStop("metrics", () => prometheus.close());
  const metrics = alsoTo(deps.beforeMetrics?.(prometheus) ?? prometheus, meter);
  const attempts = new AttemptTable({
    ...{ clock, log, fleet, metrics, tracer },
    onAnswered: (model, durationMs) => placement.demand.served(model, durationMs),
  });
  attempts.onFinished((workerId, usage) => energy.answered(workerId, usage));
  const canary = startCanary({
    ...{ config, address, fleet, attempts, clock, log, background, lifecycle },
    goldenFor: (replica) => goldenOf(models.catalogue, replica),
  });
  const runner = new JobRunner({
    ...{ fleet, attempts, bus, metrics, clock, log },
    isElsewhere: (model) => served.slotsElsewhere(model) > 0,
  });
  const desk = new RequestDesk({
    ...{ queue, bus, metrics, tracer, clock, log, background },
    maxQueued: config.maxQueuedRequests,
    coldStarts: {
      isComingUp: (model) => comingUp(model) !== undefined,
      unmetBecause: (model) => placement.placer.unmet(model)?.reason,
      // What nobody serves is looked for at once, here and by the others.
      asked: (model) => {
        if (served.slots(model) > 0) return;
        metrics.coldStarted(model);
        placement.placer.poke();
        served.announce();
      },
      longestMs: config.coldStartMs,
    },
  });
  deliverMessages(bus, desk, runner);
  const served = new ServedModels({
    fleet,
    directory: createRedisModelDirectory({ address, prefix, self: orchestratorId, clock, log }),
    ...{ clock, log, background },
  });
  lifecycle.onStop("served models", () => served.close());
  const store = await openObjectStore(config.objectStore, { log, clock });
  lifecycle.onStop("object store", () => store.close());
  const security = await startSecurity({
    ...{ config, self: orchestratorId, address, store, ownCertificates: deps.ownCertificates },
    ...{ clock, log, background, lifecycle },
  });
  const { audit, keyRing } = security;
  const quotas = startQuota({
    ...{ config, self: orchestratorId, address, store, metrics, fleet, attempts, keyRing },
    ...{ clock, log, background, lifecycle },
  });
  const comingUp = (model: string): string | undefined => {
    const here = placement.placer.comingUp(model)?.says;
    if (here !== undefined || served.slots(model) > 0) return here;
    return served.comingElsewhere(model) > 0 ? `loading ${model} elsewhere` : undefined;
  };
  const models = await startCatalogue({
    ...{ config, store, clock, log, background, lifecycle },
    outlook: outlookOf(fleet),
    capacity: { couldRun: (model) => placement.capacity.couldRun(model) },
  });
  const batching = await startBatches({
    ...{ store, models, config, self: orchestratorId, address, queue, fleet, attempts, served },
    ...{ metrics, tracer, quotas, audit, requests: desk },
    ...{ clock, log, background, lifecycle },
  });
  const placement = createPlacement({
    ...{ config, fleet, served, catalogue: models.catalogue, requests: desk, metrics },
    lines: () => batching.remaining(),
    staying: (workerId, forMs) => batching.presence.stayingFor(workerId, forMs),
    ...{ clock, log, background, lifecycle },
  });
  const lanes = new LaneControl({ queue, fleet, runner, lines: batching.lines, background });
  const health = await startHealth({
    ...{ config, address, store, security, clock, log, background, lifecycle },
  });
  const office = startMirror({
    ...{ config, fleet, clock, log, background, lifecycle },
    models: createModelFinder(models.catalogue, (model) => placement.placer.preferredVariant(model)),
    isKept: (source) => isPinnedFile(models.catalogue, source),
  });
  const certificates = await security.certificates();
  const findings = createFindings({
    ...{ config, queue, fleet, served, placement, batching, security, health },
    ...{ catalogue: models.catalogue, comingUp, clock, log, background },
  });
  tellOfFleet({ fleet, lanes, served, attempts, findings, placement, canary, metrics, energy });
  const live = startLive({
    ...{ config, self: orchestratorId, address, meter, fleet, requests: desk, batching, findings },
    ...{ clock, log, background, lifecycle },
  });
  served.announce();
  placement.placer.start();
  const fleetPort = await startFleetPort({
    ...{ config, orchestratorId, fleet, attempts, office, logs, clock, log, lifecycle },
    trust: security.trust,
  });
  lifecycle.onStop("background tasks", () => background.idle(backgroundMs));
  lifecycle.onStop("lanes", () =>
    finishJobs({ lanes, runner, lines: batching.lines, fleet, clock }, config.drainMs),
  );
  lifecycle.onStop("batches", () => batching.stop());

  let isStopping = false;
  const http = await startHttp({
    ...{ config, certificates, security, quotas, batching, models, placement, office, prometheus },
    ...{ desk, fleet, energy, served, canary, live, metrics, tracer, comingUp, clock, log, logs },
    unreadyBecause: () => {
      if (isStopping) return "shutting down";
      return queue.isUp() ? undefined : "the store of requests is not reachable";
    },
  });
  lifecycle.onStop("http", () => http.close());
  lifecycle.onStop("live view", () => live.close());
  // First of all: readiness is gone, what waits is turned away, what runs gets its time.
  lifecycle.onStop("requests", () => {
    isStopping = true;
    placement.placer.stop();
    log.info({ running: desk.size, drainMs: config.drainMs }, "shutting down");
    return desk.close(config.drainMs);
  });

  return {
    url: http.url,
    adminUrl: http.adminUrl,
    metricsUrl: http.metricsUrl,
    routes: http.routes,
    operatorKeyFile: security.operatorKeyFile(),
    fleetAddress: fleetPort.address,
    redisAddress: address,
    trust: security.trust?.desk,
    load: () => ({ openRequests: desk.size, runningAttempts: attempts.size }),
    stop: () => lifecycle.stop(),
  };
}
