import type { JobRef } from "../../core/job.ts";
import { type Lane, laneName } from "../../core/lane.ts";
import type { JobQueue, LaneConsumer, LaneHandlers } from "../../ports/job-queue.ts";

interface MemoryLane {
  readonly waiting: Map<string, JobRef>;
  readonly active: Map<string, Promise<void>>;
  handlers: LaneHandlers | undefined;
  concurrency: number;
}

/** Lanes in memory, with the same promises as the real ones while the process lives: for tests. */
export function createMemoryJobQueue(): JobQueue {
  const lanes = new Map<string, MemoryLane>();
  const laneOf = (lane: Lane): MemoryLane => {
    const name = laneName(lane);
    const found = lanes.get(name) ?? {
      waiting: new Map<string, JobRef>(),
      active: new Map<string, Promise<void>>(),
      handlers: undefined,
      concurrency: 0,
    };
    lanes.set(name, found);
    return found;
  };
  const pump = (lane: MemoryLane): void => {
    const { handlers } = lane;
    if (handlers === undefined) return;
    for (const [requestId, job] of lane.waiting) {
      if (lane.active.size >= lane.concurrency) return;
      lane.waiting.delete(requestId);
      const done = Promise.resolve()
        .then(() => handlers.run(job))
        .finally(() => {
          lane.active.delete(requestId);
          pump(lane);
        });
      lane.active.set(requestId, done);
    }
  };
  return {
    async put(lane, job) {
      const target = laneOf(lane);
      if (target.active.has(job.requestId) || target.waiting.has(job.requestId)) return;
      target.waiting.set(job.requestId, job);
      pump(target);
    },
    async remove(lane, requestId) {
      laneOf(lane).waiting.delete(requestId);
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
