import type { Availability, Capability, Clock, Inventory, Log, MachineLoad } from "@muster/base";
import { lendsUnlessSaid, type Replica, type WorkerIdentity, type WorkerView } from "../core/fleet/worker.ts";
import { canDo } from "../core/scheduling/choose-replica.ts";
import type { WorkerLink } from "../ports/worker-link.ts";
import { modelsOf, ReplicaEntry, viewOf, type WorkerEntry } from "./fleet-entries.ts";
import { type HeldSlot, SlotDesk, type SlotLease, type SlotWish } from "./slot-desk.ts";

export type { SlotLease } from "./slot-desk.ts";

export interface FleetEvents {
  /** The slots of a model may have changed. */
  capacityChanged(model: string): void;
  /**
   * The stream of this worker is over; its attempts will not end by themselves. `isForGood`: it has said so itself, or
   * we are leaving; otherwise it may come back with what it still runs.
   */
  workerLost(workerId: string, reason: string, isForGood: boolean): void;
  /** A worker has joined or left, lends or not, or its replicas or its disk have changed: time to look at placement. */
  fleetChanged(workerId: string): void;
  /** A replica has become ready, before it gets any work: whoever doubts it holds it back now. */
  replicaReady(workerId: string, replicaId: string): void;
}

const nobodyListens: FleetEvents = {
  capacityChanged() {},
  workerLost() {},
  fleetChanged() {},
  replicaReady() {},
};
/** Lost workers stay listed this long. */
const keepLostMs = 10 * 60_000;
const maxLostKept = 256;
/** Replicas in the name of one worker; more is a broken or hostile peer. */
const maxReplicasPerWorker = 64;

/** The single writer of what is known about workers, replicas and slots. */
export class FleetRegistry {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #workers = new Map<string, WorkerEntry>();
  readonly #byModel = new Map<string, readonly ReplicaEntry[]>();
  readonly #slots = new SlotDesk((model) => this.#replicas(model));
  #events: FleetEvents = nobodyListens;

  constructor(deps: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** Sets who is told; called once, by the composition. */
  notify(events: Partial<FleetEvents>): void {
    this.#events = { ...nobodyListens, ...events };
  }

  /** A worker has said hello. A stream with the same id is replaced: the newest session wins. */
  join(identity: WorkerIdentity, link: WorkerLink): void {
    this.#forgetLongLost();
    const earlier = this.#workers.get(identity.id);
    if (earlier?.link !== undefined) {
      earlier.link.supersede();
      this.leave(identity.id, earlier.link, "superseded by a newer session");
    }
    const nowMs = this.#clock.wallMs();
    this.#byModel.clear();
    this.#workers.set(identity.id, {
      identity,
      link,
      isDraining: false,
      connectedAtMs: nowMs,
      lastHeartbeatAtMs: nowMs,
      lostAtMs: undefined,
      load: undefined,
      availability: lendsUnlessSaid,
      givenBack: earlier?.givenBack ?? 0,
      inventory: undefined,
      replicas: new Map(),
      heldBefore: new Map(),
    });
    this.#log.info({ workerId: identity.id, worker: identity.name }, "worker joined");
    this.#events.fleetChanged(identity.id);
  }

  /** The stream `link` of a worker is over. Without effect when a newer session has taken its place. */
  leave(workerId: string, link: WorkerLink, reason: string): void {
    this.#leave(workerId, link, { reason, isForGood: false });
  }

  /** As `leave`, of a worker that will not be back with what it runs. */
  leaveForGood(workerId: string, link: WorkerLink, reason: string): void {
    this.#leave(workerId, link, { reason, isForGood: true });
  }

  #leave(
    workerId: string,
    link: WorkerLink,
    { reason, isForGood }: { readonly reason: string; readonly isForGood: boolean },
  ): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined || worker.link !== link) return;
    worker.link = undefined;
    worker.lostAtMs = this.#clock.wallMs();
    link.close();
    this.#log.info({ workerId, worker: worker.identity.name, reason }, "worker lost");
    this.#events.workerLost(workerId, reason, isForGood);
    for (const model of modelsOf(worker)) this.#slotsChanged(model);
    this.#events.fleetChanged(workerId);
  }

  /** True if `link` is the live session of this worker: what older sessions say is not listened to. */
  isCurrent(workerId: string, link: WorkerLink): boolean {
    return this.#workers.get(workerId)?.link === link;
  }

  beat(workerId: string, load: MachineLoad): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return;
    worker.lastHeartbeatAtMs = this.#clock.wallMs();
    worker.load = load;
    const { hardware } = worker.identity;
    const gpus = hardware.gpus.map((gpu, at) => ({
      ...gpu,
      freeVramBytes: load.gpus?.[at]?.freeVramBytes ?? gpu.freeVramBytes,
    }));
    worker.identity = {
      ...worker.identity,
      hardware: { ...hardware, freeRamBytes: load.freeRamBytes, gpus },
    };
  }

  /** The worker says whether it is lent. One that is not gets no more work; what it runs it ends or gives back itself. */
  setAvailability(workerId: string, availability: Availability): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return;
    const before = worker.availability;
    worker.availability = availability;
    if (before.state === availability.state) return;
    if (availability.state === "lending") this.#forgetPutAway(worker);
    this.#log.info({ workerId, worker: worker.identity.name, ...availability }, "worker availability");
    for (const model of modelsOf(worker)) this.#slotsChanged(model);
    this.#events.fleetChanged(workerId);
  }

  /** The worker has ended an attempt because its owner needs the machine. */
  noteGivenBack(workerId: string): void {
    const worker = this.#workers.get(workerId);
    if (worker !== undefined) worker.givenBack += 1;
  }

  setInventory(workerId: string, inventory: Inventory): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return;
    worker.inventory = inventory;
    this.#events.fleetChanged(workerId);
  }

  /** Keeps work from a replica, with the reason that people see; undefined lets it have work again. */
  holdBack(workerId: string, replicaId: string, reason: string | undefined): void {
    const replica = this.#workers.get(workerId)?.replicas.get(replicaId);
    if (replica === undefined || replica.heldBack === reason) return;
    replica.heldBack = reason;
    this.#slotsChanged(replica.report.model);
  }

  reportReplica(workerId: string, report: Replica): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return;
    const known = worker.replicas.get(report.id);
    if (known !== undefined && known.report.model !== report.model) {
      this.#log.warn({ workerId, replicaId: report.id }, "a replica cannot change its model");
      return;
    }
    const stateBefore = known?.report.state;
    // What its owner has chosen to serve comes back with the worker: its model stays known while it is away.
    const isPutAway =
      report.state === "unloaded" && report.isFixed && worker.availability.state !== "lending";
    if (known === undefined || report.state === "unloaded") this.#byModel.delete(report.model);
    if (known === undefined) {
      if ((report.state === "unloaded" && !isPutAway) || worker.replicas.size >= maxReplicasPerWorker) return;
      worker.replicas.set(report.id, new ReplicaEntry(worker, report));
    } else if (report.state === "unloaded" && !isPutAway) worker.replicas.delete(report.id);
    else known.update(report);
    if (stateBefore !== "ready" && report.state === "ready") this.#events.replicaReady(workerId, report.id);
    if (stateBefore !== report.state) {
      this.#log.info(
        { workerId, replicaId: report.id, model: report.model, state: report.state },
        "replica reported",
      );
    }
    this.#slotsChanged(report.model);
    if (stateBefore !== report.state) this.#events.fleetChanged(workerId);
  }

  /** The worker takes no more attempts, by its own word or ours. */
  markDraining(workerId: string): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined || worker.isDraining) return;
    worker.isDraining = true;
    for (const model of modelsOf(worker)) this.#slotsChanged(model);
    this.#events.fleetChanged(workerId);
  }

  /** Gives a slot as soon as one is free; rejects with `cancelled` when `signal` fires first. */
  acquire(model: string, wish: SlotWish): Promise<SlotLease> {
    return this.#slots.acquire(model, wish);
  }

  /** Counts a slot as taken that an attempt holds since an earlier link of this worker. */
  adopt(workerId: string, replicaId: string, onPreempt: () => void): HeldSlot | undefined {
    const worker = this.#workers.get(workerId);
    const link = worker?.link;
    return worker === undefined || link === undefined
      ? undefined
      : this.#slots.adopt({ worker, link, replicaId }, onPreempt);
  }

  /** Slots of ready replicas on workers that take work. */
  slots(model: string): number {
    let slots = 0;
    for (const candidate of this.#replicas(model)) if (candidate.isAccepting) slots += candidate.slots;
    return slots;
  }

  /**
   * Whether a replica of the model can do all that is needed. One that has yet to load says nothing of itself: it
   * counts as able.
   */
  canDo(model: string, needs: ReadonlySet<Capability>): boolean {
    for (const candidate of this.#replicas(model)) {
      const { state } = candidate.report;
      if (state === "fetching" || state === "loading" || canDo(candidate, needs)) return true;
    }
    return false;
  }

  /** What the replicas of a model can do, each as one set; one that its owner has put away can do it again later. */
  capabilitySets(model: string): ReadonlySet<Capability>[] {
    return this.#replicas(model)
      .filter(({ report: { state } }) => state === "ready" || state === "unloaded")
      .map(({ capabilities }) => capabilities);
  }

  /** Whether a worker has the model now, or had it until lately. */
  isKnown(model: string): boolean {
    return this.#replicas(model).length > 0;
  }

  /** Whether `knownModels` has it. */
  serves(model: string): boolean {
    return this.#replicas(model).some(({ report }) => report.state !== "failed");
  }

  /** Every model that a worker has now, or had until lately; sorted. */
  knownModels(): string[] {
    this.#forgetLongLost();
    const models = new Set<string>();
    for (const worker of this.#workers.values()) {
      for (const { report } of worker.replicas.values())
        if (report.state !== "failed") models.add(report.model);
    }
    return [...models].sort();
  }

  /** What was reported last of one replica. */
  replica(workerId: string, replicaId: string): Replica | undefined {
    return this.#workers.get(workerId)?.replicas.get(replicaId)?.report;
  }

  /** What was reported last of each replica of a model. */
  replicasOf(model: string): readonly Replica[] {
    return this.#replicas(model).map(({ report }) => report);
  }

  workers(): WorkerView[] {
    this.#forgetLongLost();
    return [...this.#workers.values()]
      .map(viewOf)
      .sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
  }

  worker(workerId: string): WorkerView | undefined {
    const worker = this.#workers.get(workerId);
    return worker === undefined ? undefined : viewOf(worker);
  }

  /** The way to a worker, or `undefined` when it is not connected. */
  linkTo(workerId: string): WorkerLink | undefined {
    return this.#workers.get(workerId)?.link;
  }

  closeAll(reason: string): void {
    for (const [workerId, worker] of this.#workers) {
      if (worker.link !== undefined) this.leaveForGood(workerId, worker.link, reason);
    }
  }

  /** What it has and serves again it says next. */
  #forgetPutAway(worker: WorkerEntry): void {
    for (const [replicaId, { report }] of worker.replicas) {
      if (report.state !== "unloaded") continue;
      worker.replicas.delete(replicaId);
      this.#byModel.delete(report.model);
      this.#slotsChanged(report.model);
    }
  }

  #slotsChanged(model: string): void {
    this.#events.capacityChanged(model);
    this.#slots.serve(model);
  }

  /** Asked for with every slot that is given or comes back: found once, until the fleet changes. */
  #replicas(model: string): readonly ReplicaEntry[] {
    const known = this.#byModel.get(model);
    if (known !== undefined) return known;
    const replicas = [...this.#workers.values()].flatMap((worker) =>
      [...worker.replicas.values()].filter(({ report }) => report.model === model),
    );
    if (replicas.length > 0) this.#byModel.set(model, replicas);
    return replicas;
  }

  /** Those lost long ago, and the oldest where there are too many: anybody may join and leave for ever. */
  #forgetLongLost(): void {
    const beforeMs = this.#clock.wallMs() - keepLostMs;
    const lost = [...this.#workers].filter(([, worker]) => worker.lostAtMs !== undefined);
    const excess = lost.length - maxLostKept;
    for (const [index, [workerId, worker]] of lost.entries()) {
      if ((worker.lostAtMs ?? 0) >= beforeMs && index >= excess) continue;
      this.#workers.delete(workerId);
      this.#byModel.clear();
      for (const model of modelsOf(worker)) this.#events.capacityChanged(model);
    }
  }
}
