import type { Inventory } from "@muster/base";
import type { Replica, WorkerIdentity } from "../../core/fleet/worker.ts";
import type {
  ModelDemand,
  PlacementModel,
  PlacementReplica,
  PlacementState,
  PlacementWorker,
} from "../../core/placement/fleet-state.ts";
import { impliedLabels } from "../../core/placement/implied-labels.ts";
import type { ReplicaLook, WorkerLook } from "../fleet-entries.ts";
import type { LoadOrder, LoadOrders } from "./load-orders.ts";

/** Of what is free, where a worker does not say itself what it offers: others may want some as well. */
const shareOfFree = 0.85;

export interface StateSources {
  readonly workers: Iterable<WorkerLook>;
  readonly orders: LoadOrders;
  readonly models: readonly PlacementModel[];
  readonly demand: readonly ModelDemand[];
  /** How likely a worker is still lent in an hour. */
  readonly staying: (workerId: string) => number;
  readonly nowMs: number;
}

export interface WorkerSources extends Pick<StateSources, "orders" | "staying"> {
  /** Ids of the models that placement knows. */
  readonly known: ReadonlySet<string>;
}

/** The fleet, as placement looks at it. What is being unloaded is no replica any more, but its memory is taken. */
export function placementState(sources: StateSources): PlacementState {
  const { models, demand, nowMs } = sources;
  const workers: PlacementWorker[] = [];
  const known = new Set(models.map(({ id }) => id));
  const { orders, staying } = sources;
  for (const worker of sources.workers) workers.push(placementWorker(worker, { orders, staying, known }));
  return { workers, models, demand, nowMs };
}

export function placementWorker(
  worker: WorkerLook,
  { orders, staying, known }: WorkerSources,
): PlacementWorker {
  const { identity, load, inventory, availability } = worker;
  const { id, name, hardware } = identity;
  const replicas: PlacementReplica[] = [];
  const leaving = { vramBytes: 0, ramBytes: 0 };
  const ours = { vramBytes: 0, ramBytes: 0 };
  for (const replica of worker.replicas.values()) {
    const one = placementReplica(worker, replica, { orders, known });
    const isLeaving = orders.isUnloading(id, one.id);
    if (!isLeaving) replicas.push(one);
    const sum = isLeaving ? leaving : ours;
    sum.vramBytes += one.vramBytes;
    sum.ramBytes += one.ramBytes;
  }
  for (const order of orders.of(id))
    if (!order.isSeen && !worker.replicas.has(order.replicaId)) replicas.push(...orderedReplica(order));

  let heldElsewhere = leaving.vramBytes;
  const gpus = hardware.gpus.map(({ freeVramBytes, bytesPerSecond, isUnified }, at) => {
    const said = load?.gpus?.[at]?.offeredBytes;
    // Without a word of the worker: what is free, and what we have already.
    const all = said ?? freeVramBytes * shareOfFree + (at === 0 ? ours.vramBytes + leaving.vramBytes : 0);
    const held = Math.min(all, heldElsewhere);
    heldElsewhere -= held;
    return { offeredBytes: all - held, bytesPerSecond, isUnified };
  });
  const offeredRamBytes =
    load?.offeredRamBytes ?? hardware.freeRamBytes * shareOfFree + ours.ramBytes + leaving.ramBytes;
  const isServing = availability.state === "lending" && !worker.isDraining;
  const isUnified = hardware.gpus.some((gpu) => gpu.isUnified);
  return {
    id,
    name,
    labels: labelsOf(identity),
    isOpen: identity.takesPlacement && isServing,
    isServing,
    gpus,
    offeredRamBytes: Math.max(0, offeredRamBytes - leaving.ramBytes - (isUnified ? leaving.vramBytes : 0)),
    ramBytesPerSecond: hardware.ramBytesPerSecond,
    cores: hardware.physicalCores,
    replicas,
    stored: inventory === undefined ? nothingStored : storedIn(inventory),
    freeDiskBytes: inventory === undefined ? Number.MAX_SAFE_INTEGER : inventory.freeDiskBytes,
    failed: orders.failed(id),
    failedBecause: orders.failedBecause(id),
    staying: staying(id),
  };
}

function placementReplica(
  worker: WorkerLook,
  { report, slotsUsed, heldBack, retiring }: ReplicaLook,
  { orders, known }: Pick<WorkerSources, "orders" | "known">,
): PlacementReplica {
  const workerId = worker.identity.id;
  const order = orders.get(workerId, report.id);
  const isKnown = report.variant !== undefined && known.has(report.model);
  const { vramBytes, ramBytes } = memoryOf(worker, report, order?.action ?? (isKnown ? unknown : undefined));
  const { sinceMs, lastUsedAtMs } = orders.times(workerId, report.id);
  return {
    id: report.id,
    model: report.model,
    variant: report.variant,
    state: report.state,
    slots: report.slots,
    slotsUsed,
    contextTokens: report.contextTokens,
    vramBytes,
    ramBytes,
    isFixed: report.isFixed || order === undefined,
    isHeldBack: heldBack !== undefined && retiring === undefined,
    isWrong: heldBack?.isWrong ?? false,
    heldBackSinceMs: order?.heldBackSinceMs,
    isRetiring: retiring !== undefined,
    device: order?.action?.device,
    sinceMs,
    lastUsedAtMs,
  };
}

/** One that its worker has not spoken of yet. */
function orderedReplica({ replicaId, action, orderedAtMs, lastUsedAtMs }: LoadOrder): PlacementReplica[] {
  if (action === undefined) return [];
  const { model, variant, slots, contextTokens, vramBytes, ramBytes, device } = action;
  return [
    {
      ...{ id: replicaId, model, variant: variant.id, state: "fetching", slots, slotsUsed: 0 },
      ...{ contextTokens, vramBytes, ramBytes, device, isFixed: false, isHeldBack: false, isWrong: false },
      ...{ isRetiring: false, sinceMs: orderedAtMs, lastUsedAtMs },
    },
  ];
}

/** The plan estimates it. */
const unknown = { vramBytes: 0, ramBytes: 0 };

/** As reported; before a replica is ready as it was planned; else the size of its file, which is most of it. */
function memoryOf(worker: WorkerLook, report: Replica, planned: typeof unknown | undefined) {
  if (report.vramBytes + report.ramBytes > 0) return report;
  if (planned !== undefined) return planned;
  const isOnGpu = worker.identity.hardware.gpus.length > 0 && report.backend !== "cpu";
  return isOnGpu
    ? { vramBytes: report.fileBytes, ramBytes: 0 }
    : { vramBytes: 0, ramBytes: report.fileBytes };
}

/** The same objects for as long as nothing changes: they are asked for every second, of every worker. */
const labels = new WeakMap<object, Readonly<Record<string, string>>>();
const stored = new WeakMap<Inventory, ReadonlySet<string>>();
const nothingStored: ReadonlySet<string> = new Set();

function labelsOf({ name, hardware, labels: given }: WorkerIdentity): Readonly<Record<string, string>> {
  let known = labels.get(given);
  if (known === undefined) {
    known = { ...impliedLabels(name, hardware), ...given };
    labels.set(given, known);
  }
  return known;
}

function storedIn(inventory: Inventory): ReadonlySet<string> {
  let known = stored.get(inventory);
  if (known === undefined) {
    known = new Set(inventory.models.map(({ uri }) => uri));
    stored.set(inventory, known);
  }
  return known;
}
