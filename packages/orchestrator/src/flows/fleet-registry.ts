import { type Capability, type Clock, type Log, MusterError } from "@muster/base";
import type { Replica, WorkerIdentity, WorkerView } from "../core/fleet/worker.ts";
import type { LaneClass } from "../core/lane.ts";
import { type Candidate, canDo, chooseReplica, type Wanted } from "../core/scheduling/choose-replica.ts";
import type { WorkerLink } from "../ports/worker-link.ts";
import { measured, modelsOf, type ReplicaEntry, viewOf, type WorkerEntry } from "./fleet-entries.ts";
import { SlotWaiters } from "./slot-waiters.ts";

/** One slot of one replica, held for one attempt. */
export interface SlotLease {
  readonly workerId: string;
  readonly workerName: string;
  readonly replicaId: string;
  readonly model: string;
  readonly link: WorkerLink;
  /** Gives the slot back; a second call does nothing. `tokensPerSecond` is what the attempt measured. */
  release(tokensPerSecond?: number): void;
}

interface FleetCandidate extends Candidate {
  readonly worker: WorkerEntry;
  readonly replica: ReplicaEntry;
}

export interface FleetEvents {
  /** The slots of a model may have changed. */
  capacityChanged(model: string): void;
  /** The stream of this worker is over; its attempts will not end by themselves. */
  workerLost(workerId: string, reason: string): void;
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
  readonly #waiters = new Map<string, SlotWaiters<SlotLease>>();
  #events: FleetEvents = { capacityChanged() {}, workerLost() {} };

  constructor(deps: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** Sets who is told; called once, by the composition. */
  notify(events: FleetEvents): void {
    this.#events = events;
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
    this.#workers.set(identity.id, {
      identity,
      link,
      isDraining: false,
      connectedAtMs: nowMs,
      lastHeartbeatAtMs: nowMs,
      lostAtMs: undefined,
      cpuLoad: 0,
      replicas: new Map(),
    });
    this.#log.info({ workerId: identity.id, worker: identity.name }, "worker joined");
  }

  /** The stream `link` of a worker is over. Without effect when a newer session has taken its place. */
  leave(workerId: string, link: WorkerLink, reason: string): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined || worker.link !== link) return;
    worker.link = undefined;
    worker.lostAtMs = this.#clock.wallMs();
    link.close();
    this.#log.info({ workerId, worker: worker.identity.name, reason }, "worker lost");
    this.#events.workerLost(workerId, reason);
    for (const model of modelsOf(worker)) this.#events.capacityChanged(model);
  }

  /** True if `link` is the live session of this worker: what older sessions say is not listened to. */
  isCurrent(workerId: string, link: WorkerLink): boolean {
    return this.#workers.get(workerId)?.link === link;
  }

  beat(workerId: string, load: { readonly freeRamBytes: number; readonly cpuLoad: number }): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return;
    worker.lastHeartbeatAtMs = this.#clock.wallMs();
    worker.cpuLoad = load.cpuLoad;
    const { hardware } = worker.identity;
    worker.identity = { ...worker.identity, hardware: { ...hardware, freeRamBytes: load.freeRamBytes } };
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
    if (known === undefined) {
      if (report.state === "unloaded" || worker.replicas.size >= maxReplicasPerWorker) return;
      worker.replicas.set(report.id, { report, slotsUsed: 0, decodeTokensPerSecond: undefined });
    } else if (report.state === "unloaded") worker.replicas.delete(report.id);
    else known.report = report;
    if (stateBefore !== report.state) {
      this.#log.info(
        { workerId, replicaId: report.id, model: report.model, state: report.state },
        "replica reported",
      );
    }
    this.#events.capacityChanged(report.model);
    this.#serve(report.model);
  }

  /** The worker takes no more attempts, by its own word or ours. */
  markDraining(workerId: string): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined || worker.isDraining) return;
    worker.isDraining = true;
    for (const model of modelsOf(worker)) this.#events.capacityChanged(model);
  }

  /** Gives a slot as soon as one is free; rejects with `cancelled` when `signal` fires first. */
  acquire(
    model: string,
    want: Wanted & { readonly laneClass: LaneClass; readonly signal: AbortSignal },
  ): Promise<SlotLease> {
    const { signal, laneClass, avoid, needs } = want;
    if (signal.aborted) return Promise.reject(waitEnded());
    const waiters = this.#waiters.get(model) ?? new SlotWaiters<SlotLease>();
    this.#waiters.set(model, waiters);
    return new Promise((resolve, reject) => {
      const waiter = {
        laneClass,
        avoid,
        needs,
        grant: (lease: SlotLease) => {
          signal.removeEventListener("abort", leave);
          resolve(lease);
        },
      };
      const leave = () => {
        waiters.remove(waiter);
        reject(waitEnded());
      };
      signal.addEventListener("abort", leave, { once: true });
      waiters.add(waiter);
      this.#serve(model);
    });
  }

  /** Slots of ready replicas on workers that take work. */
  slots(model: string): number {
    let slots = 0;
    for (const candidate of this.#candidates(model)) if (candidate.isAccepting) slots += candidate.slots;
    return slots;
  }

  /**
   * Whether a replica of the model can do all that is needed. One that has yet to load says nothing of itself: it
   * counts as able.
   */
  canDo(model: string, needs: ReadonlySet<Capability>): boolean {
    for (const candidate of this.#candidates(model)) {
      const { state } = candidate.replica.report;
      if (state === "fetching" || state === "loading" || canDo(candidate, needs)) return true;
    }
    return false;
  }

  /** What the replicas of a model can do, each as one set. */
  capabilitySets(model: string): ReadonlySet<Capability>[] {
    return [...this.#candidates(model)]
      .filter(({ replica }) => replica.report.state === "ready")
      .map(({ capabilities }) => capabilities);
  }

  /** Whether a worker has the model now, or had it until lately. */
  isKnown(model: string): boolean {
    for (const _candidate of this.#candidates(model)) return true;
    return false;
  }

  /** Whether `knownModels` has it. */
  serves(model: string): boolean {
    for (const { replica } of this.#candidates(model)) if (replica.report.state !== "failed") return true;
    return false;
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

  /** What was reported last of each replica of a model. */
  replicasOf(model: string): readonly Replica[] {
    return [...this.#candidates(model)].map((candidate) => candidate.replica.report);
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
      if (worker.link !== undefined) this.leave(workerId, worker.link, reason);
    }
  }

  #serve(model: string): void {
    const waiters = this.#waiters.get(model);
    if (waiters === undefined) return;
    waiters.serve((wanted) => this.#take(model, wanted));
    if (waiters.size === 0) this.#waiters.delete(model);
  }

  #take(model: string, wanted: Wanted): SlotLease | undefined {
    const choice = chooseReplica([...this.#candidates(model)], wanted);
    if (choice.kind === "wait") return undefined;
    const { worker, replica } = choice.replica;
    const { link } = worker;
    if (link === undefined) return undefined;
    replica.slotsUsed += 1;
    let isHeld = true;
    return {
      workerId: worker.identity.id,
      workerName: worker.identity.name,
      replicaId: replica.report.id,
      model,
      link,
      release: (tokensPerSecond) => {
        if (!isHeld) return;
        isHeld = false;
        replica.slotsUsed -= 1;
        if (tokensPerSecond !== undefined) measured(replica, tokensPerSecond);
        this.#serve(model);
      },
    };
  }

  *#candidates(model: string): Iterable<FleetCandidate> {
    for (const worker of this.#workers.values()) {
      for (const replica of worker.replicas.values()) {
        const { report } = replica;
        if (report.model !== model) continue;
        yield {
          worker,
          replica,
          workerId: worker.identity.id,
          replicaId: report.id,
          slots: report.slots,
          slotsUsed: replica.slotsUsed,
          capabilities: report.capabilities,
          isAccepting: report.state === "ready" && worker.link !== undefined && !worker.isDraining,
          decodeTokensPerSecond: replica.decodeTokensPerSecond,
        };
      }
    }
  }

  /** Those lost long ago, and the oldest where there are too many: anybody may join and leave for ever. */
  #forgetLongLost(): void {
    const beforeMs = this.#clock.wallMs() - keepLostMs;
    const lost = [...this.#workers].filter(([, worker]) => worker.lostAtMs !== undefined);
    const excess = lost.length - maxLostKept;
    for (const [index, [workerId, worker]] of lost.entries()) {
      if ((worker.lostAtMs ?? 0) >= beforeMs && index >= excess) continue;
      this.#workers.delete(workerId);
      for (const model of modelsOf(worker)) this.#events.capacityChanged(model);
    }
  }
}

function waitEnded(): MusterError {
  return new MusterError("cancelled", "The request was cancelled while it waited for a slot.");
}
