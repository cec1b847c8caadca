import { deferred } from "@muster/base";
import { afterEach, describe, expect, it } from "vitest";
import { isLinesRef, jobIdOf } from "../core/job.ts";
import type { Lane } from "../core/lane.ts";
import type { JobQueue } from "./job-queue.ts";

/** What every job queue promises, whatever it is made of. */
export function jobQueueContract(name: string, open: () => Promise<JobQueue>): void {
  describe(`${name}: a job queue`, () => {
    const lane: Lane = { model: "some/model:7b", class: "interactive" };
    const opened: JobQueue[] = [];
    const start = async () => {
      const queue = await open();
      opened.push(queue);
      return queue;
    };
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((queue) => queue.close()));
    });
    const job = (requestId: string) => ({ requestId, home: "orc-1" });

    it("keeps jobs until a slot is free, then gives them in the order they came", async () => {
      const queue = await start();
      for (const id of ["a", "b", "c"]) await queue.put(lane, job(id));
      expect(await queue.depth(lane)).toBe(3);
      const seen: string[] = [];
      const all = deferred<void>();
      const consumer = queue.consume(lane, {
        run: async (job) => {
          const requestId = jobIdOf(job);
          seen.push(requestId);
          if (seen.length === 3) all.resolve();
        },
        orphaned() {},
      });
      expect(seen).toEqual([]);
      consumer.setConcurrency(1);
      await all.promise;
      expect(seen).toEqual(["a", "b", "c"]);
      await consumer.close();
      expect(await queue.depth(lane)).toBe(0);
    });

    it("never has more jobs out than its concurrency, and follows when that grows", async () => {
      const queue = await start();
      let out = 0;
      let most = 0;
      let finished = 0;
      const gates = new Map<string, () => void>();
      const reached = new Map<number, () => void>();
      const outIs = (count: number) =>
        out >= count ? Promise.resolve() : new Promise<void>((resolve) => reached.set(count, resolve));
      const consumer = queue.consume(lane, {
        run: async (job) => {
          const requestId = jobIdOf(job);
          out += 1;
          most = Math.max(most, out);
          reached.get(out)?.();
          const gate = deferred<void>();
          gates.set(requestId, gate.resolve);
          await gate.promise;
          out -= 1;
          finished += 1;
        },
        orphaned() {},
      });
      consumer.setConcurrency(2);
      for (let i = 0; i < 6; i++) await queue.put(lane, job(`job-${i}`));
      await outIs(2);
      expect(most).toBe(2);
      consumer.setConcurrency(5);
      await outIs(5);
      expect(most).toBe(5);
      const closed = consumer.close();
      for (const open of gates.values()) open();
      await closed;
      expect(finished).toBeGreaterThanOrEqual(5);
    });

    it("gives no job that was removed while it waited, and none twice", async () => {
      const queue = await start();
      await queue.put(lane, job("stays"));
      await queue.put(lane, job("stays"));
      await queue.put(lane, job("goes"));
      await queue.put(lane, job("last"));
      await queue.remove(lane, job("goes"));
      await queue.remove(lane, job("never-there"));
      const seen: string[] = [];
      const last = deferred<void>();
      const consumer = queue.consume(lane, {
        run: async (job) => {
          const requestId = jobIdOf(job);
          seen.push(requestId);
          if (requestId === "last") last.resolve();
        },
        orphaned() {},
      });
      consumer.setConcurrency(1);
      await last.promise;
      expect(seen).toEqual(["stays", "last"]);
      await consumer.close();
    });

    it("can be paused at zero and started again", async () => {
      const queue = await start();
      const seen: string[] = [];
      let arrived = deferred<void>();
      const consumer = queue.consume(lane, {
        run: async (job) => {
          const requestId = jobIdOf(job);
          seen.push(requestId);
          arrived.resolve();
        },
        orphaned() {},
      });
      consumer.setConcurrency(1);
      await queue.put(lane, job("one"));
      await arrived.promise;
      consumer.setConcurrency(0);
      consumer.setConcurrency(2);
      arrived = deferred<void>();
      await queue.put(lane, job("two"));
      await arrived.promise;
      expect(seen).toEqual(["one", "two"]);
      await consumer.close();
    });

    it("keeps the lanes of two models and two classes apart", async () => {
      const queue = await start();
      const other: Lane = { model: lane.model, class: "batch" };
      await queue.put(lane, job("a"));
      await queue.put(other, job("b"));
      expect(await queue.depth(lane)).toBe(1);
      expect(await queue.depth(other)).toBe(1);
      const seen: string[] = [];
      const arrived = deferred<void>();
      const consumer = queue.consume(other, {
        run: async (job) => {
          const requestId = jobIdOf(job);
          seen.push(requestId);
          arrived.resolve();
        },
        orphaned() {},
      });
      consumer.setConcurrency(4);
      await arrived.promise;
      expect(seen).toEqual(["b"]);
      await consumer.close();
    });

    describe("with lines of batches", () => {
      const batch: Lane = { model: lane.model, class: "batch" };
      const lineOf = (batchId: string, line: number, cost = 1) => ({
        ref: { batchId, gen: 1, round: 0, lines: [{ line, offset: 0, length: 1, prefix: 0 }] },
        cost,
      });
      const linesOf = (batchId: string, count: number) =>
        Array.from({ length: count }, (_none, line) => lineOf(batchId, line));

      const inOrder = async (queue: JobQueue, count: number) => {
        const seen: string[] = [];
        const all = deferred<void>();
        const consumer = queue.consume(batch, {
          run: async (job) => {
            seen.push(isLinesRef(job) ? job.batchId : job.requestId);
            if (seen.length === count) all.resolve();
          },
          orphaned() {},
        });
        consumer.setConcurrency(1);
        await all.promise;
        await consumer.close();
        return seen;
      };

      it("lets tenants take turns by weight, whoever came first", async () => {
        const queue = await start();
        await queue.putLines(batch, { tenant: "a", weight: 1 }, linesOf("a", 40));
        await queue.putLines(batch, { tenant: "b", weight: 3 }, linesOf("b", 30));
        const seen = await inOrder(queue, 70);
        const early = seen.slice(0, 40);
        expect(early.filter((of) => of === "b").length).toBeGreaterThanOrEqual(28);
        expect(early.filter((of) => of === "a").length).toBeGreaterThanOrEqual(9);
      });

      it("charges a tenant for what its lines cost", async () => {
        const queue = await start();
        const dear = linesOf("a", 20).map((line) => ({ ...line, cost: 4 }));
        await queue.putLines(batch, { tenant: "a", weight: 1 }, dear);
        await queue.putLines(batch, { tenant: "b", weight: 1 }, linesOf("b", 40));
        const early = (await inOrder(queue, 60)).slice(0, 40);
        expect(early.filter((of) => of === "a").length).toBeLessThanOrEqual(9);
      });

      it("takes requests before lines, and each line once however often it is put", async () => {
        const queue = await start();
        await queue.putLines(batch, { tenant: "a", weight: 1 }, linesOf("a", 3));
        await queue.putLines(batch, { tenant: "a", weight: 1 }, linesOf("a", 3));
        await queue.put(batch, job("flex"));
        expect(await queue.depth(batch)).toBe(4);
        expect(await inOrder(queue, 4)).toEqual(["flex", "a", "a", "a"]);
      });

      it("does not make a tenant that was alone pay for it", async () => {
        const queue = await start();
        await queue.putLines(batch, { tenant: "a", weight: 1 }, linesOf("a", 30));
        await inOrder(queue, 30);
        await queue.putLines(batch, { tenant: "b", weight: 1 }, linesOf("b", 10));
        const again = Array.from({ length: 10 }, (_none, line) => lineOf("a", 100 + line));
        await queue.putLines(batch, { tenant: "a", weight: 1 }, again);
        const early = (await inOrder(queue, 20)).slice(0, 10);
        expect(early.filter((of) => of === "a").length).toBeGreaterThanOrEqual(4);
      });

      it("holds a line back for as long as is wanted", async () => {
        const queue = await start();
        await queue.putLines(batch, { tenant: "a", weight: 1 }, [{ ...lineOf("late", 0), delayMs: 300 }]);
        await queue.putLines(batch, { tenant: "a", weight: 1 }, [lineOf("soon", 0)]);
        expect(await inOrder(queue, 2)).toEqual(["soon", "late"]);
      });
    });
  });
}
