import type { Availability, Capability, Clock, Inventory, MachineLoad, ProcessStats } from "@muster/base";
import { nextStats } from "../core/fleet/process-stats.ts";
import {
  type Replica,
  type ReplicaView,
  type WorkerIdentity,
  type WorkerView,
  workerState,
} from "../core/fleet/worker.ts";
import type { CandidateInUse, TakenSlot } from "../core/scheduling/choose-victims.ts";
import type { CandidateWithEnds, SlotInUse } from "../core/scheduling/fast-slots.ts";
import type { WorkerLink } from "../ports/worker-link.ts";
import { ReplicaHealth } from "./replica-health.ts";

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
  /** Links that were lost or replaced. */
  disconnects: number;
  /** Of the link before this one. */
  processBefore: ProcessStats | undefined;
  inventory: Inventory | undefined;
  readonly replicas: Map<string, ReplicaEntry>;
  /** Slots of replicas that have yet to be reported: attempts hold them since an earlier link. */
  readonly heldBefore: Map<string, Set<SlotHold>>;
  /** By model, of replicas that are gone: another of the same model is as fast, and as ill. */
  readonly healthBefore: HealthByModel;
  /** By replica: how long the load took that was told last, or that it failed; a new link says them all again. */
  readonly loadsTold: Map<string, number | "failed">;
}

/** A worker as it is now, for whoever looks at all of them often: nothing is copied, and nothing may be kept. */
export type WorkerLook = Readonly<
  Pick<
    WorkerEntry,
    | "identity"
    | "isDraining"
    | "load"
    | "availability"
    | "inventory"
    | "connectedAtMs"
    | "lastHeartbeatAtMs"
    | "disconnects"
  >
> & {
  readonly replicas: ReadonlyMap<string, ReplicaLook>;
};

export type ReplicaLook = Readonly<
  Pick<ReplicaEntry, "report" | "slotsUsed" | "heldBack" | "retiring" | "isAccepting" | "isBreakerOpen">
>;

/** An engine's cache has room for a few beginnings; what is older has most likely left it. */
const maxWarmPrefixes = 8;

/** Models whose health is kept for each worker. */
const maxHealthKept = 64;

/** Replicas of one worker whose loads are remembered. */
const maxLoadsTold = 128;

/** Why a replica gets no work though it is ready. */
export interface HeldBack {
  /** For people. */
  readonly reason: string;
  /** Its answers were wrong. False: they have yet to be looked at. */
  readonly isWrong: boolean;
}

/** One slot that is taken. */
export class SlotHold implements TakenSlot, SlotInUse {
  readonly takenAt: number;
  readonly takenAtMs: number;
  readonly endsAtMs: number | undefined;
  readonly onPreempt: (() => void) | undefined;
  isAsked = false;

  constructor(
    takenAt: number,
    onPreempt: (() => void) | undefined,
    times: { readonly takenAtMs: number; readonly endsAtMs: number | undefined },
  ) {
    this.takenAt = takenAt;
    this.onPreempt = onPreempt;
    this.takenAtMs = times.takenAtMs;
    this.endsAtMs = times.endsAtMs;
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

/**
 * One replica, live: what reads it sees it as it is now. What every choice looks at is kept in plain fields: a model may
 * have a thousand replicas. Whoever changes what they follow from calls `refresh`.
 */
export class ReplicaEntry implements CandidateInUse<SlotHold>, CandidateWithEnds {
  isAccepting = false;
  /** As `isAccepting`, held back or not. */
  isAble = false;
  /** On its way to take work: it is fetched, loaded, or asked its golden prompts. */
  isComing = false;
  slots = 0;
  decodeTokensPerSecond: number | undefined;
  prefillTokensPerSecond: number | undefined;
  contention = 1;
  capabilities: ReadonlySet<Capability>;
  readonly taken: Set<SlotHold>;
  readonly workerId: string;
  readonly replicaId: string;
  warmPrefixes: readonly number[] = [];
  readonly worker: WorkerEntry;
  report: Replica;
  readonly health: ReplicaHealth;
  /** Set while it gets no work though it is ready. */
  heldBack: HeldBack | undefined;
  /** Set once another model is to have its place: it ends what it runs, and gets no more. */
  retiring: string | undefined;
  #isEjected = false;
  readonly #clock: Clock;

  constructor(worker: WorkerEntry, report: Replica, clock: Clock) {
    this.worker = worker;
    this.workerId = worker.identity.id;
    this.replicaId = report.id;
    this.report = report;
    this.capabilities = report.capabilities;
    this.#clock = clock;
    this.taken = worker.heldBefore.get(report.id) ?? new Set();
    worker.heldBefore.delete(report.id);
    this.health = worker.healthBefore.get(report.model) ?? new ReplicaHealth();
    worker.healthBefore.delete(report.model);
    this.refresh();
  }

  get slotsUsed(): number {
    return this.taken.size;
  }

  get isBreakerOpen(): boolean {
    return this.#isEjected;
  }

  get badness(): number {
    return this.#isEjected ? this.health.badness(this.#clock.nowMs()) : 0;
  }

  get isProbeDue(): boolean {
    return this.#isEjected && this.health.isProbeDue(this.#clock.nowMs());
  }

  /** Its worker, its report or its health has changed. */
  refresh(): void {
    const { worker, report, health } = this;
    const { link, isDraining, availability } = worker;
    const isWanted = link !== undefined && !isDraining && availability.state === "lending";
    this.isAble = isWanted && report.state === "ready" && this.retiring === undefined;
    this.isAccepting = this.isAble && this.heldBack === undefined;
    const isUnderWay = report.state === "fetching" || report.state === "loading";
    const isAsked = report.state === "ready" && this.heldBack?.isWrong === false;
    this.isComing = isWanted && this.retiring === undefined && (isUnderWay || isAsked);
    this.slots = report.slots;
    this.capabilities = report.capabilities;
    this.decodeTokensPerSecond = health.decodeTokensPerSecond;
    this.prefillTokensPerSecond = health.prefillTokensPerSecond;
    this.contention = health.contention;
    this.#isEjected = health.isOpen;
  }

  /** What the worker says now. An engine that was started again has nothing in its caches. */
  update(report: Replica): void {
    this.report = report;
    if (report.state !== "ready") this.warmPrefixes = [];
    this.refresh();
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

/** What a heartbeat says of the machine. */
export function noteLoad(worker: WorkerEntry, load: MachineLoad): void {
  const { hardware } = worker.identity;
  const process = processAfter(worker, load.process);
  // Of GPUs that it has not named nothing is known: they would be series of metrics without end.
  worker.load = {
    ...load,
    gpus: load.gpus?.slice(0, hardware.gpus.length),
    ...(process === undefined ? {} : { process }),
  };
  const gpus = hardware.gpus.map((gpu, at) => ({
    ...gpu,
    freeVramBytes: load.gpus?.[at]?.freeVramBytes ?? gpu.freeVramBytes,
  }));
  worker.identity = {
    ...worker.identity,
    hardware: { ...hardware, freeRamBytes: load.freeRamBytes, gpus },
  };
}

/** One that says nothing more of its process is taken at its last word, so that it cannot begin anew by that. */
function processAfter(
  { load, processBefore }: WorkerEntry,
  said: ProcessStats | undefined,
): ProcessStats | undefined {
  if (said === undefined) return load?.process;
  const before = load?.process ?? processBefore;
  return nextStats(before, said, { isNewLink: load === undefined });
}

/** How a load ended that nobody has been told of; undefined: none has. */
export function endedLoad(worker: WorkerEntry, report: Replica): "ok" | "failed" | undefined {
  const { loadsTold } = worker;
  if (report.state === "unloaded") loadsTold.delete(report.id);
  if (report.state !== "ready" && report.state !== "failed") return undefined;
  const end = report.state === "ready" ? report.loadMs : "failed";
  if (loadsTold.get(report.id) === end) return undefined;
  loadsTold.delete(report.id);
  loadsTold.set(report.id, end);
  const [oldest] = loadsTold.keys();
  if (loadsTold.size > maxLoadsTold && oldest !== undefined) loadsTold.delete(oldest);
  return report.state === "ready" ? "ok" : "failed";
}

type HealthByModel = Map<string, ReplicaHealth>;

/** Keeps what is known of a replica that leaves, for the next of its model there. */
export function keepHealth(kept: HealthByModel, { report, health }: ReplicaEntry): void {
  health.forgetProbe();
  if (kept.size < maxHealthKept) kept.set(report.model, health);
}

/** What is known of a worker's replicas when it comes back. */
export function healthAfter(earlier: WorkerEntry | undefined): HealthByModel {
  const kept: HealthByModel = new Map(earlier?.healthBefore);
  for (const replica of earlier?.replicas.values() ?? []) keepHealth(kept, replica);
  return kept;
}

/** An immutable copy of what is known now. */
export function viewOf(worker: WorkerEntry, nowMs: number): WorkerView {
  const { identity, load, availability, givenBack, inventory } = worker;
  const replicas = Array.from(worker.replicas.values(), (replica) => replicaViewOf(replica, nowMs));
  return {
    id: identity.id,
    name: identity.name,
    version: identity.version,
    labels: identity.labels,
    hardware: identity.hardware,
    takesPlacement: identity.takesPlacement,
    engine: identity.engine,
    engineVersion: identity.engineVersion,
    state: workerState({
      isConnected: worker.link !== undefined,
      isDraining: worker.isDraining,
      isLending: availability.state === "lending",
      replicas,
    }),
    connectedAtMs: worker.connectedAtMs,
    lastHeartbeatAtMs: worker.lastHeartbeatAtMs,
    cpuLoad: load?.cpuLoad ?? 0,
    load,
    availability,
    givenBack,
    inventory,
    replicas,
  };
}

/** Field by field: a spread costs a hundred times as much, and plans look at thousands of replicas. */
function replicaViewOf(replica: ReplicaEntry, nowMs: number): ReplicaView {
  const { report, health, heldBack, retiring } = replica;
  const { breaker, breakerReason, recentFailures } = health.view(nowMs);
  return {
    id: report.id,
    model: report.model,
    state: report.state,
    progress: report.progress,
    slots: report.slots,
    contextTokens: report.contextTokens,
    engine: report.engine,
    backend: report.backend,
    fileBytes: report.fileBytes,
    capabilities: report.capabilities,
    modelSha256: report.modelSha256,
    engineVersion: report.engineVersion,
    failure: report.failure,
    vramBytes: report.vramBytes,
    ramBytes: report.ramBytes,
    isFixed: report.isFixed,
    variant: report.variant,
    modelUri: report.modelUri,
    gpuLayers: report.gpuLayers,
    layers: report.layers,
    loadMs: report.loadMs,
    slotsUsed: replica.slotsUsed,
    decodeTokensPerSecond: health.seenTokensPerSecond,
    heldBack: heldBack?.reason ?? retiring,
    isQuarantined: heldBack?.isWrong ?? false,
    isRetiring: retiring !== undefined,
    breaker,
    breakerReason,
    recentFailures,
  };
}
