import { homedir } from "node:os";
import { resolve } from "node:path";
import {
  Background,
  type Clock,
  deferred,
  type Hardware,
  type Log,
  type MusterError,
  systemClock,
} from "@muster/base";
import { defaultModelDirectory, modelSources, openWorkerModels } from "@muster/models";
import { createEngineChildren } from "./adapters/common/engine-children.ts";
import { createOrderedFiles } from "./adapters/disk/ordered-files.ts";
import { readWorkerId } from "./adapters/disk/worker-id.ts";
import { createGrpcMirror } from "./adapters/grpc/mirror.ts";
import { createGrpcOrchestratorLink } from "./adapters/grpc/orchestrator-link.ts";
import { createProcessUsage } from "./adapters/probe/process-usage.ts";
import { speaksTls } from "./adapters/tls/pinned-authority.ts";
import { createEngine, nameUpstreamModel } from "./compose-engines.ts";
import { createWorkerProbe, enginePackages } from "./compose-hardware.ts";
import { openIdentity } from "./compose-join.ts";
import { createLending } from "./compose-lending.ts";
import { startMachineLoad } from "./compose-load.ts";
import { createMemoryCheck } from "./compose-memory-check.ts";
import { neededUris, orderedSpec, specOf } from "./compose-specs.ts";
import type { WorkerConfig } from "./config.ts";
import { createCleanWords } from "./core/clean-words.ts";
import { isGpuUsedByOthers } from "./core/gpu-in-use.ts";
import type { ReplicaReport, WorkerSays } from "./core/link-messages.ts";
import { Assignments } from "./flows/assignments.ts";
import { carryOut } from "./flows/carry-out.ts";
import { createCleanLink } from "./flows/clean-link.ts";
import { LinkKeeper } from "./flows/keep-link.ts";
import { ModelDisk } from "./flows/model-disk.ts";
import { ReplicaSet } from "./flows/replica-set.ts";
import { WorkStats } from "./flows/work-stats.ts";
import type { Engine } from "./ports/engine.ts";
import type { HardwareProbe } from "./ports/hardware-probe.ts";
import { version } from "./version.ts";

export interface WorkerHooks {
  /** Each time that a link to an orchestrator stands. */
  readonly onConnected?: () => void;
  /** Each time that a replica's state or progress changes. */
  readonly onReplica?: (report: ReplicaReport) => void;
}

export interface RunningWorker {
  readonly workerId: string;
  readonly hardware: Hardware;
  /**
   * Settles when the worker has ended: after `stop`, after the orchestrator drained it, or with the MusterError of an
   * orchestrator that does not want it. Never rejects.
   */
  readonly ended: Promise<MusterError | undefined>;
  /** Takes no more work, finishes what runs (see `drainMs`), says goodbye, frees everything. Safe to call twice. */
  stop(): Promise<void>;
}

/** Builds and starts a worker; it keeps dialling until it is stopped. */
export async function startWorker(
  config: WorkerConfig,
  deps: {
    readonly log: Log;
    readonly clock?: Clock;
    readonly engine?: Engine;
    readonly probe?: HardwareProbe;
    readonly hooks?: WorkerHooks;
  },
): Promise<RunningWorker> {
  const { hooks } = deps;
  const clock = deps.clock ?? systemClock;
  const log = deps.log.child({ worker: config.name });
  const background = new Background(log);
  const identity = await openIdentity(config, { background, clock, log });
  const workerId = identity?.current.workerId ?? (await readWorkerId(config.dataDirectory, config.name));
  const packages = deps.engine === undefined ? await enginePackages(config, log) : {};
  const probe = deps.probe ?? createWorkerProbe(config, packages, log);
  const hardware = await probe.probe();
  const models = await Promise.all(config.models.map((offer) => nameUpstreamModel(offer, config)));
  const fixed = models.map(({ uri, name: model }, index) =>
    specOf(config, { replicaId: `rep-${index + 1}`, uri, model, isFixed: true }),
  );
  const children = createEngineChildren();
  const modelDirectory = config.modelDirectory ?? defaultModelDirectory(config.env);
  const cleanWords = createCleanWords([
    { path: resolve(modelDirectory), name: "the model directory" },
    { path: resolve(config.dataDirectory), name: "the data directory" },
    { path: homedir(), name: "~" },
  ]);
  const orderedFiles = createOrderedFiles({
    modelDirectory,
    named: neededUris(
      config,
      fixed.map(({ modelUri }) => modelUri),
    ),
    allowPaths: config.allowPaths,
  });
  const { orchestrator: address } = config;
  const isLoaded = (source: string) =>
    neededUris(config, replicas.modelUris()).some((uri) => modelSources(uri).includes(source));
  const { store, shelf } = openWorkerModels(config, {
    budgetBytes: config.modelDiskBytes,
    isKept: (source) => isLoaded(source) || disk.isFetching(source),
    policy: config.fetchPolicy,
    feed: createGrpcMirror({ address, identity: () => identity?.current, workerId }),
    hasMirror: () => link.hasMirror,
    ...{ clock, log },
  });
  const engine =
    deps.engine ?? createEngine(config, { log, store, packages, children, backend: hardware.backend });

  const usage = createProcessUsage();
  const stats = new WorkStats(usage);
  const replicas = new ReplicaSet({
    engine,
    store,
    clock,
    log,
    random: Math.random,
    report: (report) => {
      link.say({ kind: "replica", report });
      // What was fetched is on the disk now, and what was unloaded may go.
      if (report.progress === 0) disk.changed();
      if (report.state === "crashed") stats.engineCrashed();
      hooks?.onReplica?.(report);
    },
    specOf: (order) => orderedSpec(config, order, orderedFiles),
    checkOrdered: (uri) => orderedFiles.checkLinks(uri),
    checkMemory: createMemoryCheck(hardware),
  });
  const say = (message: WorkerSays) => link.say(message);
  const disk = new ModelDisk({ store, shelf, say, isLoaded, background, clock, log });
  const assignments = new Assignments({
    ...{ replicas, background, clock, log },
    onAnswered: (end) => stats.answered(end),
  });
  const owner = { isHere: () => false };
  const load = await startMachineLoad(config, {
    ...{ hardware, clock, background, log },
    replicas: () => replicas.reports(),
    pids: () => children.pids(),
    isOwnerHere: () => owner.isHere(),
  });
  const over = deferred<MusterError | undefined>();

  let used: boolean | "unknown" = "unknown";
  const lending = createLending(config, {
    workerId,
    gpus: hardware.gpus,
    gpuWatch: {
      readUse: () => {
        const gpus = load.gpus() ?? [];
        const isOursBusy = assignments.running().length > 0;
        const seen = hardware.gpus.map(({ vramBytes }, at) => ({
          vramBytes,
          othersBytes: gpus[at]?.othersBytes,
          utilization: gpus[at]?.utilization,
        }));
        used = isGpuUsedByOthers(seen, { isOursBusy, before: used });
        return { isUsedByOthers: used };
      },
      readOffered: () => load.offered(),
      readLoads: () => load.gpus(),
    },
    assignments,
    replicas,
    say: (availability) => link.say({ kind: "availability", availability }),
    isConnected: () => link.isConnected,
    isDraining: () => stopping !== undefined,
    drain: () => background.run("drain", () => stop("drained by its owner")),
    background,
    clock,
    log,
  });

  owner.isHere = () => lending.availability.state === "owner_here";

  let stopping: Promise<void> | undefined;
  const stop = (reason: string): Promise<void> => {
    stopping ??= (async () => {
      link.say({ kind: "draining", reason });
      await assignments.drain(config.drainMs);
      disk.close();
      identity?.stop();
      await link.close(reason);
      await replicas.closeAll();
      await lending.stop();
      await load.close();
      usage.close();
      over.resolve(undefined);
    })();
    return stopping;
  };

  const link = new LinkKeeper({
    link: createCleanLink(createGrpcOrchestratorLink({ address, identity, speaksTls, log }), cleanWords),
    hello: () => ({
      workerId,
      name: config.name,
      version,
      labels: config.labels,
      hardware,
      running: assignments.running(),
      takesPlacement: config.takesPlacement,
      engine: engine.name,
      engineVersion: undefined,
    }),
    assignments,
    readLoad: () => ({ ...load.load(), process: stats.read() }),
    greeting: () => [
      { kind: "availability" as const, availability: lending.availability },
      ...replicas.reports().map((report) => ({ kind: "replica" as const, report })),
      ...disk.greeting(),
    ],
    receive: (message) =>
      carryOut(message, {
        assignments,
        replicas,
        disk,
        background,
        drain: (reason) => background.run("drain", () => stop(reason)),
        renew: () => identity?.renewSoon(),
      }),
    clock,
    log,
    random: Math.random,
    onConnected: () => hooks?.onConnected?.(),
  });

  try {
    await lending.start();
  } catch (error) {
    // What looks at the machine would go on without us.
    await lending.stop();
    await load.close();
    usage.close();
    throw error;
  }
  for (const spec of fixed) replicas.add(spec);
  disk.start();
  identity?.start();
  background.run("link", () =>
    link.run().catch(async (error: MusterError) => {
      log.error({ code: error.code, reason: error.message }, "the orchestrator refused this worker");
      over.resolve(error);
      await stop("refused");
    }),
  );
  return { workerId, hardware, ended: over.promise, stop: () => stop("stopped") };
}
