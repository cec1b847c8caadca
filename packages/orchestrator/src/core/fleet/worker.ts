import type { Availability, Capability, ErrorCode, Hardware, Inventory, MachineLoad } from "@muster/base";
import type { BreakerPhase } from "../scheduling/breaker.ts";

export type ReplicaState = "fetching" | "loading" | "ready" | "crashed" | "failed" | "unloaded";

/** One model loaded on one worker, as the worker reported it last. */
export interface Replica {
  readonly id: string;
  readonly model: string;
  readonly state: ReplicaState;
  /** 0 to 1 while fetching or loading. */
  readonly progress: number;
  readonly slots: number;
  readonly contextTokens: number;
  readonly engine: string;
  readonly backend: string;
  readonly fileBytes: number;
  readonly capabilities: ReadonlySet<Capability>;
  /** Of the model file, where the worker vouches for it; hexadecimal. */
  readonly modelSha256: string | undefined;
  readonly engineVersion: string | undefined;
  readonly failure: { readonly code: ErrorCode; readonly message: string } | undefined;
  /** What it takes of the GPUs' memory and of main memory; 0 where the engine does not tell. */
  readonly vramBytes: number;
  readonly ramBytes: number;
  /** The machine's owner has chosen it: placement leaves it alone. */
  readonly isFixed: boolean;
  /** Of the catalogue, as the load order named it. */
  readonly variant: string | undefined;
  readonly modelUri: string;
  /** On a GPU, of those that the model has; 0 of 0 where the engine does not tell. */
  readonly gpuLayers: number;
  readonly layers: number;
  /** From the order to ready; 0 before. */
  readonly loadMs: number;
}

/** What a worker says of itself when it joins. */
export interface WorkerIdentity {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hardware: Hardware;
  /** Whether placement may decide what is loaded there, beside replicas that are fixed. */
  readonly takesPlacement: boolean;
  /** What a replica that is ordered there is run by. */
  readonly engine: string;
  readonly engineVersion: string | undefined;
}

/** Before a worker has said whether it lends, it does: those of an older version never say. */
export const lendsUnlessSaid: Availability = { state: "lending", reason: "", policy: "always" };

export interface ReplicaView extends Replica {
  readonly slotsUsed: number;
  /** Of one sequence, smoothed over recent answers; undefined before the first. */
  readonly decodeTokensPerSecond: number | undefined;
  /** Why it gets no work though it is ready: its answers to the golden prompts were wrong, or are awaited. */
  readonly heldBack: string | undefined;
  /** Held back since its answers were wrong. */
  readonly isQuarantined: boolean;
  /** It gets no more work for good: its memory is wanted. */
  readonly isRetiring: boolean;
  /** `open`: it failed too often, or has become far slower than it was; it gets work only where all others are too. */
  readonly breaker: BreakerPhase;
  readonly breakerReason: string | undefined;
  readonly recentFailures: number;
}

/**
 * `joining`: here, no replica ready yet. `lost`: gone; kept for a while so that people can see it.
 * `away`: connected, and not lent now: its owner is there, or its policy says so.
 */
export type WorkerState = "joining" | "ready" | "away" | "draining" | "lost";

/** A worker at one moment: an immutable copy for listing and planning. */
export interface WorkerView extends WorkerIdentity {
  readonly state: WorkerState;
  readonly connectedAtMs: number;
  readonly lastHeartbeatAtMs: number;
  readonly cpuLoad: number;
  /** As it was said last; undefined before the first beat. */
  readonly load: MachineLoad | undefined;
  readonly availability: Availability;
  /** Attempts that it gave back since its owner needed the machine. */
  readonly givenBack: number;
  /** Undefined: it has not said. */
  readonly inventory: Inventory | undefined;
  readonly replicas: readonly ReplicaView[];
}

/** The state follows from what is known; nobody sets it. */
export function workerState(facts: {
  readonly isConnected: boolean;
  readonly isDraining: boolean;
  readonly isLending: boolean;
  readonly replicas: Iterable<Pick<Replica, "state">>;
}): WorkerState {
  if (!facts.isConnected) return "lost";
  if (facts.isDraining) return "draining";
  if (!facts.isLending) return "away";
  for (const replica of facts.replicas) if (replica.state === "ready") return "ready";
  return "joining";
}
