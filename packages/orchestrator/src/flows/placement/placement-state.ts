import type { Availability } from "@muster/base";
import type { ReplicaView, WorkerView } from "../../core/fleet/worker.ts";
import type {
  ModelDemand,
  PlacementModel,
  PlacementReplica,
  PlacementState,
  PlacementWorker,
} from "../../core/placement/fleet-state.ts";
import type { LoadOrders } from "./load-orders.ts";

/** Of what is free, where a worker does not say itself what it offers: others may want some as well. */
const shareOfFree = 0.85;

export interface StateSources {
  readonly workers: readonly WorkerView[];
  readonly orders: LoadOrders;
  readonly models: readonly PlacementModel[];
  readonly demand: readonly ModelDemand[];
  /** How likely a worker is still lent in an hour. */
  readonly staying: (workerId: string) => number;
  readonly nowMs: number;
}

/** The fleet, as placement looks at it. What is being unloaded is no replica any more, but its memory is taken. */
export function placementState(sources: StateSources): PlacementState {
  const { workers, models, demand, nowMs } = sources;
  return {
    workers: workers
      .filter(({ state }) => state !== "lost")
      .map((worker) => placementWorker(worker, sources)),
    models,
    demand,
    nowMs,
  };
}

function placementWorker(worker: WorkerView, { orders, staying, models }: StateSources): PlacementWorker {
  const { hardware, load, inventory } = worker;
  const known = new Set(worker.replicas.map(({ id }) => id));
  const unseen = orders
    .of(worker.id)
    .filter((order) => !order.isSeen && !known.has(order.replicaId))
    .flatMap(({ replicaId, action, orderedAtMs, lastUsedAtMs }): PlacementReplica[] => {
      if (action === undefined) return [];
      const { model, variant, slots, contextTokens, vramBytes, ramBytes, device } = action;
      return [
        {
          ...{ id: replicaId, model, variant: variant.id, state: "fetching", slots, slotsUsed: 0 },
          ...{ contextTokens, vramBytes, ramBytes, device, isFixed: false, isHeldBack: false },
          ...{ isRetiring: false, sinceMs: orderedAtMs, lastUsedAtMs },
        },
      ];
    });
  const reported = worker.replicas.map((replica) => placementReplica(worker, replica, { orders, models }));
  const leaving = reported.filter(({ id }) => orders.isUnloading(worker.id, id));
  const here = reported.filter(({ id }) => !orders.isUnloading(worker.id, id));
  const leavingVram = sum(leaving, ({ vramBytes }) => vramBytes);
  const leavingRam = sum(leaving, ({ ramBytes }) => ramBytes);
  const oursVram = sum(here, ({ vramBytes }) => vramBytes);
  const oursRam = sum(here, ({ ramBytes }) => ramBytes);
  let leftToTake = leavingVram;
  const vramOf = (at: number, freeBytes: number) => {
    const said = load?.gpus?.[at]?.offeredBytes;
    // Without a word of the worker: what is free, and what we have already.
    const offered = said ?? freeBytes * shareOfFree + (at === 0 ? oursVram + leavingVram : 0);
    // Which of the GPUs it lies on nobody says: it counts for their sum.
    const taken = Math.min(Math.max(0, offered), leftToTake);
    leftToTake -= taken;
    return Math.max(0, offered - taken);
  };
  const isServing = isLent(worker.availability) && worker.state !== "draining";
  const isUnified = hardware.gpus.some((gpu) => gpu.isUnified);
  const offeredRamBytes = load?.offeredRamBytes ?? hardware.freeRamBytes * shareOfFree + oursRam + leavingRam;
  return {
    id: worker.id,
    name: worker.name,
    labels: { ...impliedLabels(worker), ...worker.labels },
    isOpen: worker.takesPlacement && isServing,
    isServing,
    gpus: hardware.gpus.map(({ freeVramBytes, bytesPerSecond, isUnified }, at) => ({
      offeredBytes: vramOf(at, freeVramBytes),
      bytesPerSecond,
      isUnified,
    })),
    offeredRamBytes: Math.max(0, offeredRamBytes - leavingRam - (isUnified ? leavingVram : 0)),
    ramBytesPerSecond: hardware.ramBytesPerSecond,
    cores: hardware.physicalCores,
    replicas: [...here, ...unseen],
    stored: new Set((inventory?.models ?? []).map(({ uri }) => uri)),
    freeDiskBytes: inventory === undefined ? Number.MAX_SAFE_INTEGER : inventory.freeDiskBytes,
    failed: orders.failed(worker.id),
    staying: staying(worker.id),
  };
}

function placementReplica(
  worker: WorkerView,
  replica: ReplicaView,
  { orders, models }: Pick<StateSources, "orders" | "models">,
): PlacementReplica {
  const order = orders.get(worker.id, replica.id);
  const { sinceMs, lastUsedAtMs } = orders.times(worker.id, replica.id);
  const isKnown = replica.variant !== undefined && models.some(({ id }) => id === replica.model);
  const { vramBytes, ramBytes } = memoryOf(worker, replica, order?.action ?? (isKnown ? unknown : undefined));
  return {
    id: replica.id,
    model: replica.model,
    variant: replica.variant,
    state: replica.state,
    slots: replica.slots,
    slotsUsed: replica.slotsUsed,
    contextTokens: replica.contextTokens,
    vramBytes,
    ramBytes,
    isFixed: replica.isFixed || order === undefined,
    isHeldBack: replica.heldBack !== undefined && !replica.isRetiring,
    isWrong: replica.isQuarantined,
    heldBackSinceMs: order?.heldBackSinceMs,
    isRetiring: replica.isRetiring,
    device: order?.action?.device,
    sinceMs,
    lastUsedAtMs,
  };
}

/** The plan estimates it. */
const unknown = { vramBytes: 0, ramBytes: 0 };

/** As reported; before a replica is ready as it was planned; else the size of its file, which is most of it. */
function memoryOf(worker: WorkerView, replica: ReplicaView, planned: typeof unknown | undefined) {
  if (replica.vramBytes + replica.ramBytes > 0) return replica;
  if (planned !== undefined) return planned;
  const isOnGpu = worker.hardware.gpus.length > 0 && replica.backend !== "cpu";
  return isOnGpu
    ? { vramBytes: replica.fileBytes, ramBytes: 0 }
    : { vramBytes: 0, ramBytes: replica.fileBytes };
}

/** What can be asked for without anybody having labelled the machine. */
function impliedLabels({ hardware, name }: WorkerView): Record<string, string> {
  const gpu = hardware.gpus[0]?.name.toLowerCase() ?? "";
  const vendors = [
    { vendor: "nvidia", words: ["nvidia", "geforce", "rtx", "gtx", "tesla", "quadro"] },
    { vendor: "amd", words: ["amd", "radeon"] },
    { vendor: "intel", words: ["intel", "arc"] },
    { vendor: "apple", words: ["apple"] },
  ];
  const vendor = vendors.find(({ words }) => words.some((word) => gpu.includes(word)))?.vendor ?? "other";
  return {
    name,
    os: hardware.platform,
    arch: hardware.arch,
    backend: hardware.backend,
    gpu: hardware.gpus.length === 0 ? "none" : vendor,
  };
}

function isLent({ state }: Availability): boolean {
  return state === "lending";
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
