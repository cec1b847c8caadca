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
const steps = { share: 0.05, watts: 5, celsius: 1, progress: 0.05 } as const;
/** Of all the memory of a GPU. */
const vramShare = 0.01;
const poolLabel = "pool";

export function workerRow(worker: WorkerView): WorkerRow {
  const { hardware, load } = worker;
  const watts = worker.state === "lost" ? undefined : wattsOf(load);
  return {
    id: worker.id,
    name: worker.name,
    state: worker.state,
    availability: worker.availability,
    pool: worker.labels[poolLabel],
    platform: hardware.platform,
    backend: hardware.backend,
    version: worker.version,
    gpus: hardware.gpus.map((gpu, at) => {
      const now = load?.gpus?.[at];
      const { totalBytes, oursBytes, othersBytes } = vramOfGpu(gpu, now);
      const step = totalBytes * vramShare;
      return {
        name: gpu.name,
        vramBytes: totalBytes,
        oursBytes: inSteps(oursBytes, step),
        othersBytes: inSteps(othersBytes, step),
        utilization: inSteps(now?.utilization, steps.share),
        temperatureCelsius: inSteps(now?.temperatureCelsius, steps.celsius),
        watts: inSteps(now?.watts, steps.watts),
      };
    }),
    cpuLoad: inSteps(worker.cpuLoad, steps.share) ?? 0,
    ramBytes: hardware.ramBytes,
    watts: inSteps(watts, steps.watts),
    replicas: worker.replicas.map(replicaRow),
  };
}

function replicaRow(replica: ReplicaView): ReplicaRow {
  const { state } = replica;
  return {
    id: replica.id,
    model: replica.model,
    state,
    slots: replica.slots,
    slotsUsed: replica.slotsUsed,
    decodeTokensPerSecond: twoDigits(replica.decodeTokensPerSecond),
    vramBytes: replica.vramBytes,
    progress:
      state === "fetching" || state === "loading" ? inSteps(replica.progress, steps.progress) : undefined,
    problem: problemOf(replica),
  };
}

/** What keeps it from work, for people. */
function problemOf({ failure, heldBack, breaker, breakerReason }: ReplicaView): string | undefined {
  if (failure !== undefined) return failure.message;
  if (heldBack !== undefined) return heldBack;
  return breaker === "closed" ? undefined : (breakerReason ?? "it failed too often");
}

/** To the nearest step, without the digits that binary fractions leave behind. */
function inSteps(value: number | undefined, step: number): number | undefined {
  if (value === undefined || !(step > 0)) return value;
  return Number((Math.round(value / step) * step).toPrecision(12));
}

/** A speed moves with every answer: people read two digits of it. */
function twoDigits(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.toPrecision(2));
}
