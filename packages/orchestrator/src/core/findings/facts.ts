import type { WorkerView } from "../fleet/worker.ts";

/** What is asked of one model, of the whole cluster. */
export interface ModelFact {
  readonly model: string;
  readonly waiting: number;
  readonly linesLeft: number;
  readonly oldestWaitMs: number;
  /** Of replicas that take work, everywhere. */
  readonly slots: number;
  /** What is being done to get it ready; undefined: nothing. */
  readonly comingUp: string | undefined;
  /** Why it has less than it needs, as placement knows it. */
  readonly unmetBecause: string | undefined;
}

export interface PinFact {
  readonly model: string;
  readonly wanted: number;
  /** Ready or on their way. */
  readonly there: number;
  readonly unmetBecause: string | undefined;
}

/** The link to a worker was lost, not ended by either side. */
export interface LossFact {
  readonly workerId: string;
  readonly worker: string;
  /** Unix time. */
  readonly atMs: number;
  readonly reason: string;
}

export interface DiskFact {
  /** `objects`: files and batches; `mirror`: model files. */
  readonly volume: "objects" | "mirror";
  readonly freeBytes: number;
  /** Less is too little for what is done there. */
  readonly neededBytes: number;
}

export interface RedisFact {
  readonly isUp: boolean;
  /** Undefined: not known, or it has no limit. */
  readonly memory: { readonly usedBytes: number; readonly maxBytes: number } | undefined;
  /** What it does when its memory is full. */
  readonly policy: string | undefined;
}

export interface CertificateFact {
  /** `clients`: what clients are shown; `authority`: what vouches for orchestrators and workers. */
  readonly certificate: "clients" | "authority";
  /** Unix time. */
  readonly endsAtMs: number;
  /** It is made anew in time, by itself. */
  readonly isRenewed: boolean;
}

export interface BatchFact {
  readonly id: string;
  readonly tenant: string;
  readonly expiresAtMs: number;
  /** Undefined: nothing can be said. */
  readonly expectedEndAtMs: number | undefined;
}

/** What is known of the cluster now, by one orchestrator. */
export interface ClusterFacts {
  /** Unix time. */
  readonly nowMs: number;
  /** Of the orchestrator. */
  readonly version: string;
  /** Connected to any orchestrator. */
  readonly workersEverywhere: number;
  readonly workers: readonly WorkerView[];
  /** Of the last half hour. */
  readonly losses: readonly LossFact[];
  readonly models: readonly ModelFact[];
  readonly pins: readonly PinFact[];
  readonly disks: readonly DiskFact[];
  readonly redis: RedisFact;
  /** Why the object store does not answer; undefined: it does. */
  readonly objectStoreProblem: string | undefined;
  readonly certificates: readonly CertificateFact[];
  readonly unreadableRecords: number;
  readonly batches: readonly BatchFact[];
  /** Nobody needs a key. */
  readonly isOpen: boolean;
}
