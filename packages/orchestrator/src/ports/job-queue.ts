import type { JobRef, LinesRef, RequestRef } from "../core/job.ts";
import type { Lane } from "../core/lane.ts";

export interface LaneConsumer {
  /** How many jobs this consumer may hold at once; 0 pauses it. A job taken in that very moment may still come. */
  setConcurrency(jobs: number): void;
  /** Takes no more jobs; resolves when the handlers of those taken have ended. */
  close(): Promise<void>;
}

export interface LaneHandlers {
  /** Runs one job to its end. Never rejects: what happens to a request is told to its client, not to the queue. */
  run(job: JobRef): Promise<void>;
  /** A request whose consumer died while it held it. It is not run again; lines are. */
  orphaned(job: RequestRef): void;
}

/** Who a line is run for: tenants share a lane by weight. */
export interface LaneShare {
  readonly tenant: string;
  /** 1 is usual. */
  readonly weight: number;
}

export interface LaneLines {
  readonly ref: LinesRef;
  /** What they take of the tenant's share, in units of an average line. */
  readonly cost: number;
  /** Not before this long from now. */
  readonly delayMs?: number;
}

/** The lanes: accepted requests wait here until a slot is free. Delivers at least once while its store lives. */
export interface JobQueue {
  /** Throws MusterError `store_unavailable`, within 2 s. Putting a request that is still there changes nothing. */
  put(lane: Lane, job: RequestRef): Promise<void>;
  /**
   * Puts lines of batches, in turn with those of other tenants (start-time fair queueing), behind all requests. Throws
   * `store_unavailable`: some may be in then. Putting a line that is still there changes nothing.
   */
  putLines(lane: Lane, share: LaneShare, lines: readonly LaneLines[]): Promise<void>;
  /** Takes a waiting request out again; one that runs or is gone stays as it is. Never throws. */
  remove(lane: Lane, job: RequestRef): Promise<void>;
  /** Starts taking jobs at concurrency 0. */
  consume(lane: Lane, handlers: LaneHandlers): LaneConsumer;
  /** How many requests and lines wait. Throws `store_unavailable`. */
  depth(lane: Lane): Promise<number>;
  /** Calls `task` each time that the store is back after it was gone: what was put last may not have survived. */
  onRecovered(task: () => void): void;
  /** Whether the store answers now. */
  isUp(): boolean;
  close(): Promise<void>;
}
