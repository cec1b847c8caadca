import type {
  Availability,
  Capability,
  ErrorCode,
  Hardware,
  InferenceDelta,
  InferenceEnd,
  InferenceRequest,
  Inventory,
  KeptLine,
  MachineLoad,
} from "@muster/base";

/** What the two ends of the worker link say to each other, as plain values: the wire format is the adapter's affair. */

export interface WorkerHello {
  readonly workerId: string;
  readonly name: string;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly hardware: Hardware;
  /** What goes on from an earlier link. */
  readonly running: readonly RunningAttempt[];
  /** Whether the orchestrator may decide what is loaded here, beside replicas that are fixed. */
  readonly takesPlacement: boolean;
  /** What a replica that is ordered is run by. */
  readonly engine: string;
  readonly engineVersion: string | undefined;
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  /** The field of the request that is wrong. */
  readonly param?: string | undefined;
}

export interface ReplicaReport {
  readonly replicaId: string;
  readonly model: string;
  readonly state: "fetching" | "loading" | "ready" | "crashed" | "failed" | "unloaded";
  /** 0 to 1 while fetching or loading. */
  readonly progress: number;
  readonly slots: number;
  readonly contextTokens: number;
  readonly engine: string;
  readonly backend: string;
  readonly fileBytes: number;
  readonly capabilities: readonly Capability[];
  /** Of the model file, where somebody vouches for it; hexadecimal. */
  readonly modelSha256: string | undefined;
  readonly engineVersion: string | undefined;
  readonly failure: Failure | undefined;
  /** What it takes of the GPUs' memory and of main memory; 0 where the engine does not tell. */
  readonly vramBytes: number;
  readonly ramBytes: number;
  /** The machine's owner has chosen it: placement leaves it alone. */
  readonly isFixed: boolean;
  /** As the load order named it. */
  readonly variant: string | undefined;
  readonly modelUri: string;
  /** On a GPU, of those that the model has; 0 of 0 where the engine does not tell. */
  readonly gpuLayers: number;
  readonly layers: number;
  /** From the order to ready. */
  readonly loadMs: number;
}

export interface AttemptName {
  readonly attemptId: string;
  readonly epoch: number;
}

export interface RunningAttempt extends AttemptName {
  readonly replicaId: string;
}

export type AttemptResult =
  | ({ readonly kind: "finished" } & InferenceEnd)
  | { readonly kind: "cancelled" }
  | ({ readonly kind: "failed" } & Failure);

export interface EndOfAttempt extends AttemptName {
  readonly kind: "end";
  readonly ticket: string;
  readonly result: AttemptResult;
  /** The answer of an attempt that was wanted whole; undefined: it was sent piece by piece. */
  readonly pieces: readonly InferenceDelta[] | undefined;
  /** As it was assigned: for log lines here, and not sent. */
  readonly traceId?: string;
}

export type WorkerSays =
  | {
      readonly kind: "heartbeat";
      readonly sequence: number;
      readonly attempts: readonly AttemptName[];
      readonly load: MachineLoad;
    }
  | { readonly kind: "availability"; readonly availability: Availability }
  | { readonly kind: "inventory"; readonly inventory: Inventory }
  | { readonly kind: "replica"; readonly report: ReplicaReport }
  | ({
      readonly kind: "output";
      readonly sequence: number;
      readonly delta: InferenceDelta;
    } & AttemptName)
  | EndOfAttempt
  /** Of the worker's log; `dropped`: so many were left out since the last. */
  | { readonly kind: "logs"; readonly lines: readonly KeptLine[]; readonly dropped: number }
  | { readonly kind: "draining"; readonly reason: string }
  | { readonly kind: "goodbye"; readonly reason: string };

export interface Welcome {
  readonly orchestratorId: string;
  readonly version: string;
  readonly protocol: number;
  readonly heartbeatIntervalMs: number;
  /** Model files can be had from the orchestrator. */
  readonly hasMirror: boolean;
}

export interface Assignment extends AttemptName {
  readonly replicaId: string;
  readonly request: InferenceRequest;
  /** The answer is wanted in one piece, and by whichever orchestrator is there by then. */
  readonly isWhole: boolean;
  /** Shows that the attempt was assigned to this worker; goes back with its end. */
  readonly ticket: string;
  /** Of the request, for log lines; empty from an orchestrator of an older version. */
  readonly traceId: string;
}

export interface LoadOrder {
  readonly replicaId: string;
  readonly modelUri: string;
  readonly model: string | undefined;
  readonly slots: number | undefined;
  readonly contextTokens: number | undefined;
  readonly variant: string | undefined;
  /** A file that differs is not loaded. */
  readonly sha256: string | undefined;
  readonly bytes: number | undefined;
  /** Layers on the GPU; undefined: all that fit. */
  readonly gpuLayers: number | undefined;
  readonly isCpuOnly: boolean;
  readonly projectorUri: string | undefined;
}

export interface FetchOrder {
  readonly modelUri: string;
  readonly sha256: string | undefined;
  readonly bytes: number | undefined;
}

export type OrchestratorSays =
  | ({ readonly kind: "assign" } & Assignment)
  | ({ readonly kind: "cancel" } & AttemptName)
  | { readonly kind: "end-ack"; readonly attempts: readonly AttemptName[] }
  | ({ readonly kind: "load" } & LoadOrder)
  | { readonly kind: "unload"; readonly replicaId: string }
  | { readonly kind: "drain"; readonly reason: string }
  | ({ readonly kind: "fetch" } & FetchOrder)
  | { readonly kind: "forget"; readonly modelUri: string }
  /** The authorities have changed: the identity is to be renewed soon. */
  | { readonly kind: "renew" }
  /** An administrator takes the machine out for so long (0: until told otherwise), or lets it lend by its own policy. */
  | { readonly kind: "lend"; readonly isPaused: boolean; readonly seconds: number; readonly reason: string }
  | { readonly kind: "heartbeat-ack"; readonly sequence: number };

/** How an attempt is named in tables and heartbeats. */
export function attemptKey(attempt: AttemptName): string {
  return `${attempt.attemptId}#${attempt.epoch}`;
}

/** What log lines about an attempt are found by, here and at the orchestrator. */
export function idsOf({ attemptId, epoch, traceId }: AttemptName & { readonly traceId?: string }) {
  return { requestId: attemptId, traceId, epoch };
}
