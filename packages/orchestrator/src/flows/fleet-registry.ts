import type { Availability, Capability, Clock, Inventory, Log, MachineLoad } from "@muster/base";
import { lendsUnlessSaid, type Replica, type WorkerIdentity, type WorkerView } from "../core/fleet/worker.ts";
import { hasFreeSlot } from "../core/scheduling/choose-replica.ts";
import type { WorkerLink } from "../ports/worker-link.ts";
import { BreakerWatch } from "./breaker-watch.ts";
import {
  endedLoad,
  type HeldBack,
  healthAfter,
  keepHealth,
  modelsOf,
  noteLoad,
  ReplicaEntry,
  viewOf,
  type WorkerEntry,
  type WorkerLook,
} from "./fleet-entries.ts";
import { ModelIndex } from "./model-index.ts";
import { type HeldSlot, SlotDesk, type SlotLease, type SlotWish } from "./slot-desk.ts";

export type { SlotLease } from "./slot-desk.ts";

export interface FleetEvents {
  /** The slots of a model may have changed. */
  capacityChanged(model: string): void;
  /** Another number of requests waits by choice: see `waitingByChoice`. */
  patienceChanged(model: string): void;
  /**
   * The stream of this worker is over; its attempts will not end by themselves. `isForGood`: it has said so itself, or
   * we are leaving; otherwise it may come back with what it still runs.
   */
  workerLost(workerId: string, reason: string, isForGood: boolean): void;
  /** A worker has joined or left, lends or not, or its replicas or its disk have changed: time to look at placement. */
  fleetChanged(workerId: string): void;
  /** A replica has become ready, before it gets any work: whoever doubts it holds it back now. */
  replicaReady(workerId: string, replicaId: string): void;
  /** A replica has become ready, or could not be loaded: once for each load. */
  loadEnded(replica: Replica, result: "ok" | "failed"): void;
  /** A worker has beaten: its load is what it says now. */
  workerBeat(workerId: string): void;
}

const nobodyListens: FleetEvents = {
  capacityChanged() {},
  patienceChanged() {},
  workerLost() {},
  fleetChanged() {},
  replicaReady() {},
  loadEnded() {},
  workerBeat() {},
};
export interface Retirement {
  readonly reason: string;
  readonly isUrgent: boolean;
}

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
  /** Those that are gone and still listed, the one that left first of all first. */
  readonly #lost = new Map<string, WorkerEntry>();
  readonly #index = new ModelIndex();
  readonly #slots: SlotDesk;
  readonly #breakers: BreakerWatch;
  #events: FleetEvents = nobodyListens;

  constructor(deps: {
    readonly clock: Clock;
    readonly log: Log;
    /** 0 to 1, for jitter. */
    readonly random?: () => number;
  }) {
    const { clock, log, random = () => 0.5 } = deps;
    this.#clock = clock;
    this.#log = log;
    this.#slots = new SlotDesk({
      ...{ clock, random },
      replicasOf: (model) => this.#index.of(model),
      onPatience: (model) => this.#events.patienceChanged(model),
      onBreaker: (replica) => this.#breakers.changed(replica),
    });
    this.#breakers = new BreakerWatch({
      ...{ clock, log },
      onChange: (model) => this.#slotsChanged(model),
      onProbeDue: (model) => this.#slots.serve(model),
    });
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
    for (const replica of earlier?.replicas.values() ?? []) this.#index.remove(replica);
    this.#lost.delete(identity.id);
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
      disconnects: earlier?.disconnects ?? 0,
      processBefore: earlier?.load?.process ?? earlier?.processBefore,
      inventory: undefined,
      replicas: new Map(),
      heldBefore: new Map(),
      healthBefore: healthAfter(earlier),
      loadsTold: earlier?.loadsTold ?? new Map(),
    });
    this.#log.info({ workerId: identity.id, worker: identity.name }, "worker joined");
    // What it had it need not have again.
    for (const model of earlier === undefined ? [] : modelsOf(earlier)) this.#slotsChanged(model);
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
    if (!isForGood) worker.disconnects += 1;
    worker.lostAtMs = this.#clock.wallMs();
    this.#lost.set(workerId, worker);
    link.close();
    this.#log.info({ workerId, worker: worker.identity.name, reason }, "worker lost");
    for (const replica of worker.replicas.values()) {
      this.#index.changed(replica.report.model);
      // Once for all that it ran: a break of the link is one.
      if (!isForGood && replica.slotsUsed > 0) this.#slots.lost(replica);
    }
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
    noteLoad(worker, load);
    this.#events.workerBeat(workerId);
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

  /** Keeps work from a replica; undefined lets it have work again. */
  holdBack(workerId: string, replicaId: string, heldBack: HeldBack | undefined): void {
    const replica = this.#workers.get(workerId)?.replicas.get(replicaId);
    if (replica === undefined) return;
    const before = replica.heldBack;
    if (before?.reason === heldBack?.reason && before?.isWrong === heldBack?.isWrong) return;
    replica.heldBack = heldBack;
    this.#slotsChanged(replica.report.model);
    // Another has to take the place of one that answers wrongly.
    if (before?.isWrong !== heldBack?.isWrong) this.#events.fleetChanged(workerId);
  }

  reportReplica(workerId: string, said: Replica): void {
    const report = { ...said, capabilities: this.#index.shared(said.capabilities) };
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
    const isGone = report.state === "unloaded" && !isPutAway;
    if (known === undefined) {
      if (isGone || worker.replicas.size >= maxReplicasPerWorker) return;
      const replica = new ReplicaEntry(worker, report, this.#clock);
      worker.replicas.set(report.id, replica);
      this.#index.add(replica);
    } else if (isGone) {
      worker.replicas.delete(report.id);
      this.#index.remove(known);
      keepHealth(worker.healthBefore, known);
    } else known.update(report);
    const ended = endedLoad(worker, report);
    if (ended !== undefined) this.#events.loadEnded(report, ended);
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

  /**
   * A replica gets no more work, for good: once it has ended what it runs, it is unloaded.
   * @param isUrgent lines of batches that run there are asked back
   */
  retire(workerId: string, replicaId: string, { reason, isUrgent }: Retirement): void {
    const replica = this.#workers.get(workerId)?.replicas.get(replicaId);
    if (replica === undefined) return;
    if (replica.retiring === undefined) {
      replica.retiring = reason;
      this.#slotsChanged(replica.report.model);
    }
    if (isUrgent) for (const hold of replica.taken) if (hold.isPreemptible) hold.askBack();
  }

  /** Gives a slot as soon as one is free; rejects with `cancelled` when `signal` fires first. */
  acquire(model: string, wish: SlotWish): Promise<SlotLease> {
    return this.#slots.acquire(model, wish);
  }

  /** A slot of this one replica, though it is held back; undefined where none is free, or it cannot have work now. */
  acquireOn(workerId: string, replicaId: string): SlotLease | undefined {
    const replica = this.#workers.get(workerId)?.replicas.get(replicaId);
    return replica === undefined ? undefined : this.#slots.takeOn(replica);
  }

  /** Whether `acquireOn` would give one. */
  canAcquireOn(workerId: string, replicaId: string): boolean {
    const replica = this.#workers.get(workerId)?.replicas.get(replicaId);
    return replica?.isAble === true && hasFreeSlot(replica);
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
    return this.#index.slots(model);
  }

  /** How many requests leave a free slot of the model alone, since a faster replica should have them done sooner. */
  waitingByChoice(model: string): number {
    return this.#slots.patient(model);
  }

  /** How fast a replica should write, by its hardware: what it counts as until an answer has been measured. */
  expectSpeed(workerId: string, replicaId: string, decodeTokensPerSecond: number | undefined): void {
    const replica = this.#workers.get(workerId)?.replicas.get(replicaId);
    replica?.health.expect(decodeTokensPerSecond);
    replica?.refresh();
  }

  /**
   * Whether a replica of the model can do all that is needed. One that has yet to load says nothing of itself: it
   * counts as able.
   */
  canDo(model: string, needs: ReadonlySet<Capability>): boolean {
    return this.#index.canDo(model, needs);
  }

  /** What the replicas of a model can do, each kind as one set. */
  capabilitySets(model: string): ReadonlySet<Capability>[] {
    return this.#index.capabilitySets(model);
  }

  /** Whether a worker has the model now, or had it until lately. */
  isKnown(model: string): boolean {
    return this.#index.of(model).length > 0;
  }

  /** Whether `knownModels` has it. */
  serves(model: string): boolean {
    return this.#index.of(model).some(({ report }) => report.state !== "failed");
  }

  /** Every model that a worker has now, or had until lately; sorted. */
  knownModels(): string[] {
    this.#forgetLongLost();
    return [...this.#index.models()].filter((model) => this.serves(model)).sort();
  }

  /** What was reported last of one replica. */
  replica(workerId: string, replicaId: string): Replica | undefined {
    return this.#workers.get(workerId)?.replicas.get(replicaId)?.report;
  }

  /** Replicas of a model that should take work soon: fetched, loaded, or asked their golden prompts. */
  coming(model: string): readonly Replica[] {
    return this.#index
      .of(model)
      .filter(({ isComing }) => isComing)
      .map(({ report }) => report);
  }

  /** Of an answer alone on the fastest replica that is ready, as measured lately; undefined: never. */
  seenTokensPerSecond(model: string): number | undefined {
    let fastest: number | undefined;
    for (const { report, health } of this.#index.of(model)) {
      const seen = report.state === "ready" ? health.seenTokensPerSecond : undefined;
      if (seen !== undefined && seen > (fastest ?? 0)) fastest = seen;
    }
    return fastest;
  }

  /** What was reported last of each replica of a model. */
  replicasOf(model: string): readonly Replica[] {
    return this.#index.of(model).map(({ report }) => report);
  }

  workers(): WorkerView[] {
    this.#forgetLongLost();
    return [...this.#workers.values()]
      .map((worker) => viewOf(worker, this.#clock.nowMs()))
      .sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
  }

  worker(workerId: string): WorkerView | undefined {
    const worker = this.#workers.get(workerId);
    return worker === undefined ? undefined : viewOf(worker, this.#clock.nowMs());
  }

  /** The workers that are connected, as they are now. */
  *looks(): Iterable<WorkerLook> {
    for (const worker of this.#workers.values()) if (worker.link !== undefined) yield worker;
  }

  /** Those that are gone and still listed. */
  lost(): Iterable<WorkerLook> {
    this.#forgetLongLost();
    return this.#lost.values();
  }

  /** One of those that are connected. */
  look(workerId: string): WorkerLook | undefined {
    const worker = this.#workers.get(workerId);
    return worker?.link === undefined ? undefined : worker;
  }

  /** The way to a worker, or `undefined` when it is not connected. */
  linkTo(workerId: string): WorkerLink | undefined {
    return this.#workers.get(workerId)?.link;
  }

  closeAll(reason: string): void {
    this.#breakers.stop();
    for (const [workerId, worker] of this.#workers) {
      if (worker.link !== undefined) this.leaveForGood(workerId, worker.link, reason);
    }
  }

  /** What it has and serves again it says next. */
  #forgetPutAway(worker: WorkerEntry): void {
    for (const [replicaId, replica] of worker.replicas) {
      if (replica.report.state !== "unloaded") continue;
      worker.replicas.delete(replicaId);
      this.#index.remove(replica);
      this.#slotsChanged(replica.report.model);
    }
  }

  #slotsChanged(model: string): void {
    this.#index.changed(model);
    this.#events.capacityChanged(model);
    this.#slots.serve(model);
  }

  /** Those lost long ago, and the first of them where there are too many: anybody may join and leave for ever. */
  #forgetLongLost(): void {
    const beforeMs = this.#clock.wallMs() - keepLostMs;
    for (const [workerId, worker] of this.#lost) {
      if ((worker.lostAtMs ?? 0) >= beforeMs && this.#lost.size <= maxLostKept) return;
      this.#lost.delete(workerId);
      this.#workers.delete(workerId);
      for (const replica of worker.replicas.values()) this.#index.remove(replica);
      for (const model of modelsOf(worker)) this.#events.capacityChanged(model);
    }
  }
}
