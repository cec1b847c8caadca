import type { Gpu, GpuLoad } from "@muster/base";
import { wattsOf } from "../fleet/energy.ts";
import { vramOfGpu } from "../fleet/vram.ts";
import type { ReplicaView, WorkerView } from "../fleet/worker.ts";

/** A GPU as lists show it; numbers change only when there is something to see. */
export interface GpuRow {
  readonly name: string;
  readonly vramBytes: number;
  readonly oursBytes: number | undefined;
  readonly othersBytes: number | undefined;
  readonly utilization: number | undefined;
  readonly temperatureCelsius: number | undefined;
  readonly watts: number | undefined;
}

export interface ReplicaRow {
  readonly id: string;
  readonly model: string;
  readonly state: string;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly decodeTokensPerSecond: number | undefined;
  readonly vramBytes: number;
  readonly progress: number | undefined;
  readonly problem: string | undefined;
}

/** A worker as lists show it. */
export interface WorkerRow {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly availability: WorkerView["availability"];
  readonly pool: string | undefined;
  readonly platform: string;
  readonly backend: string;
  readonly version: string;
  readonly gpus: readonly GpuRow[];
  readonly cpuLoad: number;
  readonly ramBytes: number;
  readonly watts: number | undefined;
  readonly replicas: readonly ReplicaRow[];
}

/** Steps of what people can see the difference of. */
const steps = { share: 0.05, watts: 5, celsius: 1 } as const;
/** Of all the memory of a GPU. */
const vramShare = 0.01;
/** A value has to move by so much of a step: one that lies between two would change with every look. */
const leastMove = 0.75;
const poolLabel = "pool";

/**
 * @param before the row as it was told last
 * @returns that one itself where nothing has changed: it is in words already
 */
export function workerRow(worker: WorkerView, before?: WorkerRow): WorkerRow {
  const { hardware, load } = worker;
  const gpus = hardware.gpus.map((gpu, at) => gpuRow(gpu, load?.gpus?.[at], before?.gpus[at]));
  const replicas = worker.replicas.map((replica, at) => replicaRow(replica, before?.replicas[at]));
  const row: WorkerRow = {
    id: worker.id,
    name: worker.name,
    state: worker.state,
    availability: worker.availability,
    pool: worker.labels[poolLabel],
    platform: hardware.platform,
    backend: hardware.backend,
    version: worker.version,
    gpus: unlessSame(gpus, before?.gpus),
    cpuLoad: inSteps(worker.cpuLoad, steps.share, before?.cpuLoad),
    ramBytes: hardware.ramBytes,
    watts: inSteps(worker.state === "lost" ? undefined : wattsOf(load), steps.watts, before?.watts),
    replicas: unlessSame(replicas, before?.replicas),
  };
  return unlessSame(row, before);
}

function gpuRow(gpu: Gpu, now: GpuLoad | undefined, before: GpuRow | undefined): GpuRow {
  const { totalBytes, oursBytes, othersBytes } = vramOfGpu(gpu, now);
  const step = totalBytes * vramShare;
  const row: GpuRow = {
    name: gpu.name,
    vramBytes: totalBytes,
    oursBytes: inSteps(oursBytes, step, before?.oursBytes),
    othersBytes: inSteps(othersBytes, step, before?.othersBytes),
    utilization: inSteps(now?.utilization, steps.share, before?.utilization),
    temperatureCelsius: inSteps(now?.temperatureCelsius, steps.celsius, before?.temperatureCelsius),
    watts: inSteps(now?.watts, steps.watts, before?.watts),
  };
  return unlessSame(row, before);
}

function replicaRow(replica: ReplicaView, before: ReplicaRow | undefined): ReplicaRow {
  const { state } = replica;
  const row: ReplicaRow = {
    id: replica.id,
    model: replica.model,
    state,
    slots: replica.slots,
    slotsUsed: replica.slotsUsed,
    decodeTokensPerSecond: speed(replica.decodeTokensPerSecond, before?.decodeTokensPerSecond),
    vramBytes: replica.vramBytes,
    progress:
      state === "fetching" || state === "loading"
        ? inSteps(replica.progress, steps.share, before?.progress)
        : undefined,
    problem: problemOf(replica),
  };
  return unlessSame(row, before);
}

/** What keeps it from work, for people. */
function problemOf({ failure, heldBack, breaker, breakerReason }: ReplicaView): string | undefined {
  if (failure !== undefined) return failure.message;
  if (heldBack !== undefined) return heldBack;
  return breaker === "closed" ? undefined : (breakerReason ?? "it failed too often");
}

/** The one before, where all that it has is the same. */
function unlessSame<T extends object>(next: T, before: T | undefined): T {
  if (before === undefined) return next;
  let size = 0;
  for (const key in next) {
    if (next[key] !== before[key]) return next;
    size += 1;
  }
  // A list may have become shorter.
  return Array.isArray(before) && before.length !== size ? next : before;
}

/** The nearest step, or as it was told before while it is near that; without the digits that binary fractions leave. */
function inSteps(value: number, step: number, before: number | undefined): number;
function inSteps(value: number | undefined, step: number, before: number | undefined): number | undefined;
function inSteps(value: number | undefined, step: number, before: number | undefined): number | undefined {
  if (value === undefined || !(step > 0)) return value;
  if (before !== undefined && Math.abs(value - before) < leastMove * step) return before;
  return Math.round(Math.round(value / step) * step * 1_000) / 1_000;
}

/** A speed moves with every answer: people see a difference of a twentieth. */
function speed(value: number | undefined, before: number | undefined): number | undefined {
  return value === undefined ? undefined : inSteps(value, Math.max(0.1, value * steps.share), before);
}
