import {
  Background,
  type Clock,
  deferred,
  type Hardware,
  type Log,
  MusterError,
  systemClock,
} from "@muster/base";
import {
  defaultModelName,
  type ExpectedFile,
  modelSources,
  openWorkerModels,
  parseModelUri,
} from "@muster/models";
import { createEngineChildren } from "./adapters/common/engine-children.ts";
import type { PackageEntries } from "./adapters/common/engine-packages/entries.ts";
import { readWorkerId } from "./adapters/disk/worker-id.ts";
import { createGrpcMirror } from "./adapters/grpc/mirror.ts";
import { createGrpcOrchestratorLink } from "./adapters/grpc/orchestrator-link.ts";
import { createHardwareProbe } from "./adapters/probe/hardware-probe.ts";
import { fetchCudaBuild } from "./compose-cuda.ts";
import { defaultEngineDirectory } from "./compose-engine-build.ts";
import { createEngine, nameUpstreamModel } from "./compose-engines.ts";
import { createLending } from "./compose-lending.ts";
import { startMachineLoad } from "./compose-load.ts";
import { createMemoryCheck } from "./compose-memory-check.ts";
import type { WorkerConfig } from "./config.ts";
import { isGpuUsedByOthers } from "./core/gpu-in-use.ts";
import type { ReplicaReport, WorkerSays } from "./core/link-messages.ts";
import { Assignments } from "./flows/assignments.ts";
import { carryOut } from "./flows/carry-out.ts";
import { LinkKeeper } from "./flows/keep-link.ts";
import { ModelDisk } from "./flows/model-disk.ts";
import type { ReplicaSpec } from "./flows/replica-keeper.ts";
import { ReplicaSet } from "./flows/replica-set.ts";
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
  const workerId = await readWorkerId(config.dataDirectory, config.name);
  const packages = await enginePackages(config, deps, log);
  const trustsDriver = config.engine !== "node-llama-cpp" && config.gpu !== "off";
  const probe = deps.probe ?? createHardwareProbe({ log, packages, gpus: config.gpus, trustsDriver });
  const hardware = await probe.probe();
  const models = await Promise.all(config.models.map((offer) => nameUpstreamModel(offer, config)));
  const fixed = models.map(({ uri, name: model }, index) =>
    specOf(config, { replicaId: `rep-${index + 1}`, uri, model, isFixed: true }),
  );
  const children = createEngineChildren();
  const { orchestrator: address, joinToken } = config;
  const isLoaded = (source: string) =>
    neededUris(config, replicas.modelUris()).some((uri) => modelSources(uri).includes(source));
  const { store, shelf } = openWorkerModels(config, {
    budgetBytes: config.modelDiskBytes,
    isKept: (source) => isLoaded(source) || disk.isFetching(source),
    policy: config.fetchPolicy,
    feed: createGrpcMirror({ address, joinToken, workerId }),
    hasMirror: () => link.hasMirror,
    ...{ clock, log },
  });
  const engine = deps.engine ?? createEngine(config, { log, store, packages, children });

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
      hooks?.onReplica?.(report);
    },
    specOf: (order) => {
      refuseUpstream(order.modelUri);
      return specOf(config, {
        replicaId: order.replicaId,
        uri: order.modelUri,
        model: order.model,
        slots: order.slots,
        contextTokens: order.contextTokens,
        variant: order.variant,
        gpuLayers: order.gpuLayers,
        isCpuOnly: order.isCpuOnly,
        projectorUri: order.projectorUri,
        expected: { sha256: order.sha256, bytes: order.bytes },
        isFixed: false,
      });
    },
    checkMemory: createMemoryCheck(hardware),
  });
  const say = (message: WorkerSays) => link.say(message);
  const disk = new ModelDisk({ store, shelf, say, isLoaded, background, clock, log });
  const assignments = new Assignments({ replicas, background, clock, log });
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
      await link.close(reason);
      await replicas.closeAll();
      await lending.stop();
      await load.close();
      over.resolve(undefined);
    })();
    return stopping;
  };

  const link = new LinkKeeper({
    link: createGrpcOrchestratorLink({ address, joinToken, log }),
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
    readLoad: () => load.load(),
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
      }),
    clock,
    log,
    random: Math.random,
    onConnected: () => hooks?.onConnected?.(),
  });

  await lending.start();
  for (const spec of fixed) replicas.add(spec);
  disk.start();
  background.run("link", () =>
    link.run().catch(async (error: MusterError) => {
      log.error({ code: error.code, reason: error.message }, "the orchestrator refused this worker");
      over.resolve(error);
      await stop("refused");
    }),
  );
  return { workerId, hardware, ended: over.promise, stop: () => stop("stopped") };
}

/** Fetched first of all: what the probe finds depends on what the engine can use. */
async function enginePackages(
  config: WorkerConfig,
  { engine }: { readonly engine?: Engine },
  log: Log,
): Promise<PackageEntries> {
  const isOurs = engine === undefined && config.engine === "node-llama-cpp";
  if (!isOurs || config.gpu === "off") return {};
  const { signal } = new AbortController();
  return fetchCudaBuild({ directory: defaultEngineDirectory(config.env), env: config.env, log, signal });
}

/** What this machine could lend. */
export function probeHardware(log: Log): Promise<Hardware> {
  return createHardwareProbe({ log }).probe();
}

/** An address of this machine's network, and the key that goes there, are the worker's owner's to name. */
function refuseUpstream(uri: string): void {
  if (parseModelUri(uri).kind !== "openai") return;
  throw new MusterError(
    "invalid_request",
    "An orchestrator may not send a worker to an upstream: name it on the worker, with muster worker openai:….",
    { param: "model" },
  );
}

/** Model files that this worker cannot do without. */
function neededUris(config: WorkerConfig, loaded: readonly string[]): readonly string[] {
  return [...loaded, ...[config.mmproj, config.draft].filter((uri) => uri !== undefined)];
}

/** Throws MusterError `invalid_request` for a URI that is none. */
function specOf(
  config: WorkerConfig,
  wanted: {
    readonly replicaId: string;
    readonly uri: string;
    readonly model: string | undefined;
    readonly slots?: number | undefined;
    readonly contextTokens?: number | undefined;
    readonly variant?: string | undefined;
    readonly gpuLayers?: number | undefined;
    readonly isCpuOnly?: boolean;
    readonly projectorUri?: string | undefined;
    readonly expected?: ExpectedFile;
    readonly isFixed: boolean;
  },
): ReplicaSpec {
  const { threads } = config;
  return {
    replicaId: wanted.replicaId,
    model: wanted.model ?? defaultModelName(parseModelUri(wanted.uri)),
    modelUri: wanted.uri,
    slots: wanted.slots ?? config.slots,
    contextTokens: wanted.contextTokens ?? config.contextTokens,
    threads,
    gpu: wanted.isCpuOnly === true ? "off" : config.gpu,
    gpuLayers: wanted.gpuLayers,
    projectorUri: wanted.projectorUri,
    variant: wanted.variant,
    expected: wanted.expected,
    isFixed: wanted.isFixed,
  };
}
