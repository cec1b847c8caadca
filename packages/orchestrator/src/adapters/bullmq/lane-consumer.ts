import type { Log } from "@muster/base";
import { Worker } from "bullmq";
import type { Redis } from "ioredis";
import { isLinesRef, type JobRef } from "../../core/job.ts";
import type { LaneConsumer, LaneHandlers } from "../../ports/job-queue.ts";

/**
 * A consumer that was killed is noticed after lock plus check at the latest. Its clients are gone with it or told;
 * shorter times would take a busy moment for a death.
 */
const lockDurationMs = 15_000;
const stalledIntervalMs = 5_000;
/** Lines are run again however often their consumers die; their answers are committed once. */
const maxLineStalls = 1_000_000;
/** What Redis gets to take note of the end. */
const closeGraceMs = 2_000;

/** A BullMQ Worker whose concurrency follows the slots of the fleet. BullMQ keeps the locks and finds orphaned jobs. */
export function createLaneConsumer(options: {
  readonly queueName: string;
  readonly isForLines: boolean;
  readonly prefix: string;
  readonly connection: Redis;
  readonly handlers: LaneHandlers;
  readonly log: Log;
}): LaneConsumer {
  const { queueName, isForLines, prefix, connection, handlers, log } = options;
  let held = 0;
  const idle: (() => void)[] = [];
  const worker = new Worker<JobRef, void>(
    queueName,
    async (job) => {
      held += 1;
      try {
        // A request that stalled among lines comes back as they do, though nobody may run it again.
        if (job.stalledCounter > 0 && !isLinesRef(job.data)) handlers.orphaned(job.data);
        else await handlers.run(job.data);
      } finally {
        held -= 1;
        if (held === 0) for (const wake of idle.splice(0)) wake();
      }
    },
    {
      connection,
      prefix,
      autorun: false,
      concurrency: 1,
      lockDuration: lockDurationMs,
      stalledInterval: stalledIntervalMs,
      maxStalledCount: isForLines ? maxLineStalls : 0,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      runRetryDelay: 500,
    },
  );
  worker.on("error", (error) => {
    log.debug({ lane: queueName, error: error.message }, "lane consumer error");
  });
  // `run` never rejects: what fails here was held by a consumer that died.
  worker.on("failed", (job) => {
    if (job !== undefined && !isLinesRef(job.data)) handlers.orphaned(job.data);
  });

  let isRunning = false;
  return {
    setConcurrency(jobs) {
      if (jobs === 0) {
        if (isRunning) void worker.pause(true);
        isRunning = false;
        return;
      }
      const wasFull = held >= worker.concurrency;
      const grows = jobs > worker.concurrency;
      worker.concurrency = jobs;
      if (!isRunning) {
        isRunning = true;
        if (worker.isRunning()) void worker.resume();
        else start(worker, log);
      } else if (grows && wasFull) {
        // A full worker looks for more only when a job ends; pausing and resuming makes it look now.
        void worker.pause(true).then(() => (isRunning ? worker.resume() : undefined));
      }
    },
    async close() {
      isRunning = false;
      const closed = worker.close();
      // Without Redis BullMQ would wait for ever, though no job of ours runs any more.
      if (held > 0) await Promise.race([closed, new Promise<void>((resolve) => idle.push(resolve))]);
      let stopTimer: NodeJS.Timeout | undefined;
      const grace = new Promise<void>((resolve) => {
        stopTimer = setTimeout(resolve, closeGraceMs);
      });
      await Promise.race([closed, grace]);
      clearTimeout(stopTimer);
    },
  };
}

function start(worker: Worker<JobRef, void>, log: Log): void {
  if (worker.isPaused()) {
    void worker.resume();
    return;
  }
  worker.run().catch((error: unknown) => {
    log.error({ lane: worker.name, error: String(error) }, "lane consumer stopped");
  });
}
