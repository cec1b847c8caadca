import { type Log, MusterError } from "@muster/base";
import { Queue } from "bullmq";
import type { JobRef } from "../../core/job.ts";
import { type Lane, laneName } from "../../core/lane.ts";
import type { JobQueue } from "../../ports/job-queue.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";
import { createLaneConsumer } from "./lane-consumer.ts";

/** BullMQ writes each event of a queue to a stream that nobody here reads. */
const keptEvents = 10;

/** Lanes as BullMQ queues: `<prefix>:<model>.<class>`. Jobs carry references, never prompts. */
export function createBullmqJobQueue(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly log: Log;
}): JobQueue {
  const { address, prefix, log } = options;
  const producer = connectRedis(address, "fails-fast", { log, name: "muster-lanes-put" });
  const consumer = connectRedis(address, "blocking", { log, name: "muster-lanes-take" });
  const queues = new Map<string, Queue<JobRef>>();
  const closers: (() => Promise<void>)[] = [];
  let recovered: () => void = () => {};
  let hasBeenUp = false;
  producer.on("ready", () => {
    if (hasBeenUp) recovered();
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
    queues.set(name, queue);
    return queue;
  };

  return {
    async put(lane, job) {
      try {
        await queueOf(lane).add("run", job, { jobId: job.requestId });
      } catch (error) {
        throw unavailable(error);
      }
    },
    async remove(lane, requestId) {
      try {
        await queueOf(lane).remove(requestId);
      } catch (error) {
        // It is running, or the store is away: a runner that asks for it later finds that its client is gone.
        log.debug({ requestId, error: String(error) }, "job not removed");
      }
    },
    consume(lane, handlers) {
      const laneConsumer = createLaneConsumer({
        queueName: laneName(lane),
        prefix,
        connection: consumer,
        handlers,
        log,
      });
      closers.push(() => laneConsumer.close());
      return laneConsumer;
    },
    async depth(lane) {
      try {
        return await queueOf(lane).getWaitingCount();
      } catch (error) {
        throw unavailable(error);
      }
    },
    onRecovered(task) {
      recovered = task;
    },
    isUp: () => producer.status === "ready",
    async close() {
      await Promise.allSettled(closers.map((close) => close()));
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
