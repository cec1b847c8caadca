import { type JobRef, jobIdOf } from "../../core/job.ts";
import { type Lane, laneName } from "../../core/lane.ts";
import { freshShares, type ShareState, tagLines } from "../../core/scheduling/fair-share.ts";
import type { JobQueue, LaneConsumer, LaneHandlers } from "../../ports/job-queue.ts";

interface Waiting {
  readonly job: JobRef;
  /** Requests have none: they go first. */
  readonly tag: number;
}

interface MemoryLane {
  readonly waiting: Map<string, Waiting>;
  readonly active: Map<string, Promise<void>>;
  shares: ShareState;
  handlers: LaneHandlers | undefined;
  concurrency: number;
}

const requestTag = Number.NEGATIVE_INFINITY;

/** Lanes in memory, with the same promises as the real ones while the process lives: for tests. */
export function createMemoryJobQueue(): JobQueue {
  const lanes = new Map<string, MemoryLane>();
  const laneOf = (lane: Lane): MemoryLane => {
    const name = laneName(lane);
    const found: MemoryLane = lanes.get(name) ?? {
      waiting: new Map(),
      active: new Map(),
      shares: freshShares,
      handlers: undefined,
      concurrency: 0,
    };
    lanes.set(name, found);
    return found;
  };
  const pump = (lane: MemoryLane): void => {
    const { handlers } = lane;
    if (handlers === undefined) return;
    while (lane.waiting.size > 0 && lane.active.size < lane.concurrency) {
      const [jobId, { job }] = firstOf(lane.waiting);
      lane.waiting.delete(jobId);
      const done = Promise.resolve()
        .then(() => handlers.run(job))
        .finally(() => {
          lane.active.delete(jobId);
          pump(lane);
        });
      lane.active.set(jobId, done);
    }
  };
  const add = (lane: MemoryLane, job: JobRef, tag: number): void => {
    const jobId = jobIdOf(job);
    if (!lane.active.has(jobId) && !lane.waiting.has(jobId)) lane.waiting.set(jobId, { job, tag });
  };
  return {
    async put(lane, job) {
      const target = laneOf(lane);
      add(target, job, requestTag);
      pump(target);
    },
    async putLines(lane, share, lines) {
      const target = laneOf(lane);
      const tagsWaiting = [...target.waiting.values()].map(({ tag }) => tag).filter(Number.isFinite);
      const head = tagsWaiting.length === 0 ? undefined : Math.min(...tagsWaiting);
      const costs = lines.map(({ cost }) => cost);
      const { tags, state } = tagLines(target.shares, head, { ...share, costs });
      target.shares = state;
      for (const [index, { ref, delayMs }] of lines.entries()) {
        const put = () => {
          add(target, ref, tags[index] ?? 0);
          pump(target);
        };
        if (delayMs === undefined) put();
        else setTimeout(put, delayMs).unref();
      }
    },
    async remove(lane, job) {
      laneOf(lane).waiting.delete(jobIdOf(job));
    },
    consume(lane, handlers): LaneConsumer {
      const target = laneOf(lane);
      target.handlers = handlers;
      return {
        setConcurrency(jobs) {
          target.concurrency = jobs;
          pump(target);
        },
        async close() {
          target.handlers = undefined;
          await Promise.all(target.active.values());
        },
      };
    },
    depth: async (lane) => laneOf(lane).waiting.size,
    onRecovered() {},
    isUp: () => true,
    async close() {},
  };
}

/** The lowest tag; the first that came among equals. */
function firstOf(waiting: ReadonlyMap<string, Waiting>): [string, Waiting] {
  return [...waiting].reduce((first, each) => (each[1].tag < first[1].tag ? each : first));
}
