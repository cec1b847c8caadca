import type { Capability, ErrorCode, Hardware } from "@muster/base";

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
}

/** What a worker says of itself when it joins. */
export interface WorkerIdentity {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hardware: Hardware;
}

export interface ReplicaView extends Replica {
  readonly slotsUsed: number;
  /** Of one sequence, smoothed over recent answers; undefined before the first. */
  readonly decodeTokensPerSecond: number | undefined;
}

/** `joining`: here, no replica ready yet. `lost`: gone; kept for a while so that people can see it. */
export type WorkerState = "joining" | "ready" | "draining" | "lost";

/** A worker at one moment: an immutable copy for listing and planning. */
export interface WorkerView extends WorkerIdentity {
  readonly state: WorkerState;
  readonly connectedAtMs: number;
  readonly lastHeartbeatAtMs: number;
  readonly cpuLoad: number;
  readonly replicas: readonly ReplicaView[];
}

/** The state follows from what is known; nobody sets it. */
export function workerState(facts: {
  readonly isConnected: boolean;
  readonly isDraining: boolean;
  readonly replicas: Iterable<Pick<Replica, "state">>;
}): WorkerState {
  if (!facts.isConnected) return "lost";
  if (facts.isDraining) return "draining";
  for (const replica of facts.replicas) if (replica.state === "ready") return "ready";
  return "joining";
}
