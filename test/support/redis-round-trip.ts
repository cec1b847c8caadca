import { randomUUID } from "node:crypto";
import { Queue, QueueEvents, Worker } from "bullmq";
import type { Redis } from "ioredis";

/** Sends one job through a BullMQ queue of its own to a worker; answers with the worker's result: `word` in capitals. */
export async function redisRoundTrip(connection: Redis, word: string): Promise<string> {
  const name = `round-trip-${randomUUID()}`;
  const queue = new Queue<{ word: string }, string>(name, { connection });
  const events = new QueueEvents(name, { connection });
  const worker = new Worker<{ word: string }, string>(name, async (job) => job.data.word.toUpperCase(), {
    connection,
  });
  try {
    await events.waitUntilReady();
    const job = await queue.add("shout", { word });
    return await job.waitUntilFinished(events, 10_000);
  } finally {
    await queue.obliterate({ force: true });
    await Promise.all([worker.close(), events.close(), queue.close()]);
  }
}
