import type { Energy } from "../../core/fleet/energy.ts";
import type { Lane, WaitingLane } from "../../core/lane.ts";
import type { WorkerLook } from "../../flows/fleet-entries.ts";
import type { HealthView } from "../../flows/health-watch.ts";

/** What is looked at when somebody scrapes. */
export interface Observed {
  /** Unix time. */
  readonly nowMs: () => number;
  /** Those that are connected. */
  readonly workers: () => Iterable<WorkerLook>;
  /** Those that are gone and still listed. */
  readonly lostWorkers: () => Iterable<WorkerLook>;
  /** What a worker has drawn, by its id. */
  readonly energy: (workerId: string) => Energy;
  readonly openRequests: () => number;
  readonly lanes: () => Iterable<WaitingLane>;
  /** The lanes of the attempts that run on workers here, one for each attempt. */
  readonly running: () => Iterable<Lane>;
  /** Batches that are not over, by state. */
  readonly batches: () => ReadonlyMap<string, number>;
  /** Lines that are being run here. */
  readonly runningLines: () => number;
  readonly isStoreUp: () => boolean;
  readonly health: () => HealthView;
  /** Who follows the live view. */
  readonly liveClients: () => number;
}
