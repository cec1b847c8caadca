import type { Availability, Capability, Inventory, MachineLoad } from "@muster/base";
import {
  type Replica,
  type ReplicaView,
  type WorkerIdentity,
  type WorkerView,
  workerState,
} from "../core/fleet/worker.ts";
import type { CandidateInUse, TakenSlot } from "../core/scheduling/choose-victims.ts";
import type { WorkerLink } from "../ports/worker-link.ts";

/** What the registry keeps of each worker. Only the registry and its slot desk change these. */

export interface WorkerEntry {
  identity: WorkerIdentity;
  link: WorkerLink | undefined;
  isDraining: boolean;
  connectedAtMs: number;
  lastHeartbeatAtMs: number;
  lostAtMs: number | undefined;
  load: MachineLoad | undefined;
  availability: Availability;
  givenBack: number;
  inventory: Inventory | undefined;
  readonly replicas: Map<string, ReplicaEntry>;
  /** Slots of replicas that have yet to be reported: attempts hold them since an earlier link. */
  readonly heldBefore: Map<string, Set<SlotHold>>;
}

/** How much the latest answer counts in a replica's speed. */
const speedSmoothing = 0.3;
/** An engine's cache has room for a few beginnings; what is older has most likely left it. */
const maxWarmPrefixes = 8;

/** One slot that is taken. */
export class SlotHold implements TakenSlot {
  readonly takenAt: number;
  readonly onPreempt: (() => void) | undefined;
  isAsked = false;

  constructor(takenAt: number, onPreempt: (() => void) | undefined) {
    this.takenAt = takenAt;
    this.onPreempt = onPreempt;
  }

  get isPreemptible(): boolean {
    return this.onPreempt !== undefined;
  }

  /** Asks its holder to give it back, once. */
  askBack(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    this.onPreempt?.();
  }
}

/** One replica, live: what reads it sees it as it is now. */
export class ReplicaEntry implements CandidateInUse<SlotHold> {
  readonly worker: WorkerEntry;
  report: Replica;
  readonly taken: Set<SlotHold>;
  decodeTokensPerSecond: number | undefined;
  warmPrefixes: readonly number[] = [];
  /** Set while it gets no work though it is ready. */
  heldBack: string | undefined;

  constructor(worker: WorkerEntry, report: Replica) {
    this.worker = worker;
    this.report = report;
    this.taken = worker.heldBefore.get(report.id) ?? new Set();
    worker.heldBefore.delete(report.id);
  }

  get workerId(): string {
    return this.worker.identity.id;
  }

  get replicaId(): string {
    return this.report.id;
  }

  get slots(): number {
    return this.report.slots;
  }

  get slotsUsed(): number {
    return this.taken.size;
  }

  get capabilities(): ReadonlySet<Capability> {
    return this.report.capabilities;
  }

  get isAccepting(): boolean {
    const { link, isDraining, availability } = this.worker;
    const isWanted = link !== undefined && !isDraining && availability.state === "lending";
    return isWanted && this.report.state === "ready" && this.heldBack === undefined;
  }

  /** What the worker says now. An engine that was started again has nothing in its caches. */
  update(report: Replica): void {
    this.report = report;
    if (report.state !== "ready") this.warmPrefixes = [];
  }

  /** Notes a speed that an answer has measured. */
  measured(tokensPerSecond: number): void {
    const before = this.decodeTokensPerSecond ?? tokensPerSecond;
    this.decodeTokensPerSecond = before + speedSmoothing * (tokensPerSecond - before);
  }

  /** Notes how a prompt begins that was sent here. */
  warmed(prefix: number): void {
    if (this.warmPrefixes[0] === prefix) return;
    const others = this.warmPrefixes.filter((each) => each !== prefix);
    this.warmPrefixes = [prefix, ...others].slice(0, maxWarmPrefixes);
  }
}

export function modelsOf(worker: WorkerEntry): Set<string> {
  return new Set([...worker.replicas.values()].map(({ report }) => report.model));
}

/** An immutable copy of what is known now. */
export function viewOf(worker: WorkerEntry): WorkerView {
  const replicas = [...worker.replicas.values()].map(
    ({ report, slotsUsed, decodeTokensPerSecond, heldBack }): ReplicaView => ({
      ...report,
      slotsUsed,
      decodeTokensPerSecond,
      heldBack,
    }),
  );
  return {
    ...worker.identity,
    state: workerState({
      isConnected: worker.link !== undefined,
      isDraining: worker.isDraining,
      isLending: worker.availability.state === "lending",
      replicas,
    }),
    connectedAtMs: worker.connectedAtMs,
    lastHeartbeatAtMs: worker.lastHeartbeatAtMs,
    cpuLoad: worker.load?.cpuLoad ?? 0,
    load: worker.load,
    availability: worker.availability,
    givenBack: worker.givenBack,
    inventory: worker.inventory,
    replicas,
  };
}
