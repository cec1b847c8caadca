import { type Log, MusterError } from "@muster/base";
import { Queue } from "bullmq";
import { type JobRef, jobIdOf } from "../../core/job.ts";
import { type Lane, laneName } from "../../core/lane.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";
import { createFairTags } from "./fair-tags.ts";
import { createLaneConsumer } from "./lane-consumer.ts";

/** BullMQ writes each event of a queue to a stream that nobody here reads. */
const keptEvents = 10;
const answerTimeoutMs = 2_000;

/** Lanes as BullMQ queues: `<prefix>:<model>.<class>`. Jobs carry references, never prompts. */
export function createBullmqJobQueue(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly log: Log;
}): JobQueue {
  const { address, prefix, log } = options;
  const producer = connectRedis(address, "fails-fast", { log, name: "muster-lanes-put" });
  const consumer = connectRedis(address, "blocking", { log, name: "muster-lanes-take" });
  const fairTags = createFairTags(producer);
  const queues = new Map<string, Queue<JobRef>>();
  const closers = new Set<() => Promise<void>>();
  const recovered: (() => void)[] = [];
  let hasBeenUp = false;
  producer.on("ready", () => {
    if (hasBeenUp) for (const task of recovered) task();
    hasBeenUp = true;
  });

  const queueOf = (lane: Lane): Queue<JobRef> => {
    const name = laneName(lane);
    const found = queues.get(name);
    if (found !== undefined) return found;
    const queue = new Queue<JobRef>(name, {
      connection: producer,
      prefix,
      streams: { events: { maxLen: keptEvents } },
      defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
    });
    queue.on("error", (error) => {
      log.debug({ lane: name, error: error.message }, "lane error");
    });
    // BullMQ asks the server for its version once, and never gets over an answer that did not come.
    queue.waitUntilReady().catch(() => {
      if (queues.get(name) === queue) queues.delete(name);
    });
    queues.set(name, queue);
    return queue;
  };

  /** Asks the store, for at most two seconds. Throws `store_unavailable`. */
  const answered = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (producer.status !== "ready") throw unavailable(new Error(`the connection is ${producer.status}`));
    let giveUp: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      giveUp = setTimeout(() => reject(new Error(`no answer within ${answerTimeoutMs} ms`)), answerTimeoutMs);
    });
    try {
      return await Promise.race([ask(), tooLate]);
    } catch (error) {
      throw unavailable(error);
    } finally {
      clearTimeout(giveUp);
    }
  };

  return {
    async put(lane, job) {
      await answered(() => queueOf(lane).add("run", job, { jobId: jobIdOf(job) }));
    },
    async putLines(lane, share, lines) {
      const queue = queueOf(lane);
      await answered(async () => {
        const costs = lines.map(({ cost }) => cost);
        const priorities = await fairTags(queue.toKey("prioritized"), share, costs);
        await queue.addBulk(
          lines.map(({ ref, delayMs }, index) => ({
            name: "line",
            data: ref,
            opts: {
              jobId: jobIdOf(ref),
              priority: priorities[index] ?? 1,
              ...(delayMs === undefined ? {} : { delay: Math.ceil(delayMs) }),
            },
          })),
        );
      });
    },
    async remove(lane, job) {
      try {
        await answered(() => queueOf(lane).remove(jobIdOf(job)));
      } catch (error) {
        // It is running, or the store is away: a runner that asks for it later finds that its client is gone.
        const { requestId, traceId } = job;
        log.debug({ requestId, traceId, error: String(error) }, "job not removed");
      }
    },
    consume(lane, handlers) {
      const laneConsumer = createLaneConsumer({
        queueName: laneName(lane),
        isForLines: lane.class === "batch",
        prefix,
        connection: consumer,
        handlers,
        log,
      });
      const close = async () => {
        closers.delete(close);
        await laneConsumer.close();
      };
      closers.add(close);
      return { setConcurrency: (jobs) => laneConsumer.setConcurrency(jobs), close };
    },
    async depth(lane) {
      return answered(async () => {
        const queue = queueOf(lane);
        const [requests, lines] = await Promise.all([queue.getWaitingCount(), queue.getPrioritizedCount()]);
        return requests + lines;
      });
    },
    onRecovered(task) {
      recovered.push(task);
    },
    isUp: () => producer.status === "ready",
    async close() {
      await Promise.allSettled([...closers].map((close) => close()));
      if (producer.status === "ready")
        await Promise.allSettled([...queues.values()].map((queue) => queue.close()));
      producer.disconnect();
      consumer.disconnect();
    },
  };
}

function unavailable(cause: unknown): MusterError {
  return new MusterError(
    "store_unavailable",
    "The queue is not reachable at the moment. Try again in a few seconds.",
    {
      cause,
      retryAfterMs: 2_000,
    },
  );
}
