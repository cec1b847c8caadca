import type { MemoryProfile } from "@muster/models";
import type { ReplicaState } from "../fleet/worker.ts";

/** What placement decides from: values, made anew for each look, so that the same state gives the same plan. */
export interface PlacementState {
  readonly workers: readonly PlacementWorker[];
  readonly models: readonly PlacementModel[];
  /** Models that are not here are not asked for. */
  readonly demand: readonly ModelDemand[];
  readonly nowMs: number;
}

export interface PlacementVariant {
  readonly id: string;
  readonly uri: string;
  readonly sha256: string | undefined;
  readonly fileBytes: number | undefined;
  readonly profile: MemoryProfile;
  readonly projectorUri?: string | undefined;
  readonly projectorBytes?: number | undefined;
}

/** Which workers a model has to be on, or may be on. */
export interface Pin {
  /** How many replicas there are always, demand or not. */
  readonly replicas: number;
  /** Labels that a worker must have, each with its value; empty: any worker. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface PlacementModel {
  readonly id: string;
  /** Best quality first. */
  readonly variants: readonly PlacementVariant[];
  /** Wanted for each slot; a replica may have less where memory is short, never less than `leastContextTokens`. */
  readonly contextTokens: number;
  readonly leastContextTokens: number;
  readonly mostSlots: number;
  readonly pin: Pin | undefined;
  /** Labels that a worker must have to be considered for it. */
  readonly requires: Readonly<Record<string, string>>;
}

export interface PlacementGpu {
  /** What Muster may have in all, with what it has now. */
  readonly offeredBytes: number;
  /** Undefined: nobody knows. */
  readonly bytesPerSecond: number | undefined;
  /** Its memory is the machine's main memory: what it takes there is missing here. */
  readonly isUnified?: boolean | undefined;
}

/** `gpu`: all of it on GPUs. `partial`: some layers on the processor. */
export type PlacementDevice = "gpu" | "partial" | "cpu";

export interface PlacementReplica {
  readonly id: string;
  readonly model: string;
  readonly variant: string | undefined;
  readonly state: ReplicaState;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly contextTokens: number;
  /** As ordered before it is ready, as reported then. Both 0 and a known variant: estimated. */
  readonly vramBytes: number;
  readonly ramBytes: number;
  /** Undefined: what the worker's GPUs suggest. */
  readonly device?: PlacementDevice | undefined;
  /** The machine's owner has chosen it: never unloaded by us. */
  readonly isFixed: boolean;
  /** It gets no work: its answers were found wrong, or have yet to be looked at. */
  readonly isHeldBack: boolean;
  /** They were found wrong: it is as good as not there. */
  readonly isWrong?: boolean | undefined;
  /** Since when it is held back; undefined: since it was ordered. */
  readonly heldBackSinceMs?: number | undefined;
  /** A plan has retired it: it gets no more work, and is unloaded after its last answer. */
  readonly isRetiring: boolean;
  /** When it was ordered; both in the time of `PlacementState.nowMs`. */
  readonly sinceMs: number;
  readonly lastUsedAtMs: number;
}

export interface PlacementWorker {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Connected, lent now, not draining, and the orchestrator may decide. False: it is left as it is. */
  readonly isOpen: boolean;
  /** Connected, lent now, not draining: its replicas answer, whoever decides on them. */
  readonly isServing: boolean;
  readonly gpus: readonly PlacementGpu[];
  readonly offeredRamBytes: number;
  readonly ramBytesPerSecond: number | undefined;
  readonly cores: number;
  readonly replicas: readonly PlacementReplica[];
  /** URIs of model files on its disk. */
  readonly stored: ReadonlySet<string>;
  readonly freeDiskBytes: number;
  /** Models that could not be loaded there, and until when that counts: `model/variant`. */
  readonly failed: ReadonlyMap<string, number>;
  /** In the worker's words, for the same. */
  readonly failedBecause?: ReadonlyMap<string, string> | undefined;
  /** How likely it is still lent in an hour, 0 to 1; 1 where nobody knows better. */
  readonly staying: number;
}

/** What is asked of one model, over the whole cluster. */
export interface ModelDemand {
  readonly model: string;
  readonly interactiveWaiting: number;
  readonly interactiveRunning: number;
  readonly batchWaiting: number;
  readonly batchRunning: number;
  /** 0 where nobody waits. */
  readonly oldestWaitMs: number;
  /** Of one answer on one slot, as measured lately; undefined: never. */
  readonly serviceMs: number | undefined;
  readonly lastAskedAtMs: number;
  /** Slots that other orchestrators' workers have for it. */
  readonly slotsElsewhere: number;
  /** Slots that other orchestrators are making ready. */
  readonly comingElsewhere?: number | undefined;
}

export interface LoadAction {
  readonly kind: "load";
  readonly workerId: string;
  readonly model: string;
  readonly variant: PlacementVariant;
  readonly slots: number;
  readonly contextTokens: number;
  /** `partial` and `cpu` are last resorts, and `reason` says so. */
  readonly device: PlacementDevice;
  /** With `partial`. */
  readonly gpuLayers: number | undefined;
  readonly vramBytes: number;
  readonly ramBytes: number;
  /** A sentence for people and logs. */
  readonly reason: string;
}

export interface UnloadAction {
  readonly kind: "unload";
  /** Set where the same load might end the same way: together they take more than is offered. */
  readonly fault?: "too-large" | undefined;
  readonly workerId: string;
  readonly replicaId: string;
  readonly model: string;
  readonly reason: string;
}

/** It is to get no more work, so that it can be unloaded after its last answer: another model's turn has come. */
export interface RetireAction {
  readonly kind: "retire";
  /** People wait for the room: lines of batches that run there are to be given back. */
  readonly isUrgent: boolean;
  readonly workerId: string;
  readonly replicaId: string;
  readonly model: string;
  readonly reason: string;
}

export type PlacementAction = LoadAction | UnloadAction | RetireAction;

/** A wish that the plan does not meet, and why. */
export interface Unmet {
  readonly model: string;
  /** `never`: no worker of the fleet is large enough, with all of its memory. `now`: others have the room. */
  readonly kind: "never" | "now";
  readonly reason: string;
}

export interface PlacementPlan {
  /** In the order that they are to be carried out: a load waits for the unloads on its worker before it. */
  readonly actions: readonly PlacementAction[];
  readonly unmet: readonly Unmet[];
}

export interface PlacementPolicy {
  /** A replica that nobody has asked for so long is unloaded once its memory is wanted, or ... */
  readonly idleAfterMs: number;
  /** ... after this time in any case. */
  readonly unloadAfterMs: number;
  /** One that nobody has asked for so long makes room at once for people who have nothing. */
  readonly yieldAfterMs: number;
  /** A replica stays at least so long, unless its worker's memory shrinks, or it is of no use and people wait. */
  readonly leastStayMs: number;
  /** Loads under way at once on one worker. */
  readonly loadsAtOnce: number;
  readonly slotsPerReplica: number;
  /** Interactive requests that wait should all have begun after this time, ... */
  readonly interactiveDrainMs: number;
  /** ... and what waits in batch lanes should be done after this. */
  readonly batchDrainMs: number;
  /** Of one answer, before any was measured. */
  readonly guessedServiceMs: number;
  /** Who has waited so long may take memory that others use. */
  readonly agingMs: number;
  /** A model's only replica stays so long, before one that has none takes its turn. */
  readonly turnMs: number;
  /** A last resort that would be slower than this is none. */
  readonly leastTokensPerSecond: number;
}

export const defaultPlacementPolicy: PlacementPolicy = {
  idleAfterMs: 60_000,
  unloadAfterMs: 30 * 60_000,
  yieldAfterMs: 2_000,
  leastStayMs: 5 * 60_000,
  loadsAtOnce: 1,
  slotsPerReplica: 4,
  interactiveDrainMs: 10_000,
  batchDrainMs: 10 * 60_000,
  guessedServiceMs: 15_000,
  agingMs: 2 * 60_000,
  turnMs: 30 * 60_000,
  leastTokensPerSecond: 1,
};
