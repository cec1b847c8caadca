import { join } from "node:path";
import type { Availability, Background, Clock, Gpu, GpuLoad, Log } from "@muster/base";
import { desktopEnvironment } from "./adapters/common/child-environment.ts";
import { createPauseFile } from "./adapters/disk/pause-file.ts";
import { workerFolder } from "./adapters/disk/worker-id.ts";
import { controlAddress } from "./adapters/local-socket/address.ts";
import { controlKeyPath } from "./adapters/local-socket/control-key.ts";
import { createLocalSocket } from "./adapters/local-socket/server.ts";
import { createLocalTime, localTimeText } from "./adapters/presence/local-time.ts";
import { createOwnerPresence } from "./adapters/presence/owner-presence.ts";
import { createScriptedPresence } from "./adapters/presence/scripted.ts";
import type { WorkerConfig } from "./config.ts";
import type { GpuReading } from "./core/idle-policy.ts";
import type { OfferedMemory } from "./core/memory-pressure.ts";
import type { Assignments } from "./flows/assignments.ts";
import { GiveWay } from "./flows/give-way.ts";
import { createLocalControl } from "./flows/local-control.ts";
import { Pauses } from "./flows/pauses.ts";
import type { ReplicaSet } from "./flows/replica-set.ts";
import { MemoryWatch } from "./flows/watch-memory.ts";
import { OwnerWatch } from "./flows/watch-owner.ts";
import { version } from "./version.ts";

/** What is known of the GPUs from one moment to the next. */
export interface GpuWatch {
  readUse(): GpuReading;
  readOffered(): OfferedMemory;
  /** In the order of the hardware's GPUs; undefined: not known now. */
  readLoads(): readonly GpuLoad[] | undefined;
}

export interface Lending {
  readonly availability: Availability;
  /** Decides whether the machine is lent before anything is loaded, and listens to its owner. */
  start(): Promise<void>;
  /** An administrator pauses it (0 seconds: until told otherwise), or ends that pause. */
  asAsked(order: { readonly isPaused: boolean; readonly seconds: number }): Promise<void>;
  stop(): Promise<void>;
}

/** Whether the machine is lent, and what becomes of work and memory when it is not. */
export function createLending(
  config: WorkerConfig,
  deps: {
    readonly workerId: string;
    readonly gpus: readonly Gpu[];
    /** Undefined: nobody measures them. */
    readonly gpuWatch: GpuWatch | undefined;
    readonly assignments: Assignments;
    readonly replicas: ReplicaSet;
    readonly say: (availability: Availability) => void;
    readonly isConnected: () => boolean;
    readonly isDraining: () => boolean;
    readonly drain: () => void;
    readonly background: Background;
    readonly clock: Clock;
    readonly log: Log;
  },
): Lending {
  const { workerId, gpus, assignments, replicas, say, background, clock, log } = deps;
  const { readUse, readOffered, readLoads } = deps.gpuWatch ?? unwatched(gpus);
  const { dataDirectory, name } = config;
  const env = desktopEnvironment(config.env);
  const giveWay = new GiveWay({ assignments, replicas, background, clock });
  const memory = new MemoryWatch({ replicas, giveWay, readOffered, background, clock, log });
  const pauseFile = (file: string) => createPauseFile(join(workerFolder(dataDirectory, name), file));
  const watch = new OwnerWatch({
    rule: config.lending,
    presence:
      config.presenceFile === undefined
        ? createOwnerPresence({ platform: process.platform, env, uid: process.getuid?.(), clock })
        : createScriptedPresence(config.presenceFile),
    readGpu: readUse,
    isMemoryNeeded: () => memory.isMemoryNeeded,
    pauses: new Pauses(
      { owner: pauseFile("pause.json"), administrator: pauseFile("administrator-pause.json") },
      clock,
    ),
    giveWay,
    localTime: createLocalTime(),
    timeText: localTimeText,
    say,
    clock,
    log,
  });
  const socket = createLocalSocket(controlAddress(dataDirectory, name), controlKeyPath(dataDirectory, name));
  const handle = createLocalControl({
    about: { workerId, name, version, pid: process.pid, orchestrator: config.orchestrator },
    ...{ watch, assignments, replicas, gpus, readGpus: readLoads },
    ...{ isConnected: deps.isConnected, isDraining: deps.isDraining, drain: deps.drain },
  });
  return {
    get availability() {
      return watch.availability;
    },
    async start() {
      await watch.start();
      memory.start();
      const listening = await socket.listen(handle);
      if (listening.kind === "inUse")
        log.warn({ name }, "another worker of this name listens to muster worker status already");
      if (listening.kind === "failed")
        log.warn({ reason: listening.reason }, "muster worker status and its like will not work");
    },
    asAsked({ isPaused, seconds }) {
      if (!isPaused) return watch.resume("administrator");
      return watch.pause("administrator", seconds === 0 ? undefined : seconds * 1_000);
    },
    async stop() {
      memory.stop();
      await watch.stop();
      await socket.close();
    },
  };
}

/** Without anybody who measures, a machine with GPUs does not know who uses them. */
function unwatched(gpus: readonly Gpu[]): GpuWatch {
  return {
    readUse: () => ({ isUsedByOthers: gpus.length === 0 ? false : "unknown" }),
    readOffered: () => ({ vramBytes: undefined, ramBytes: undefined }),
    readLoads: () => undefined,
  };
}
