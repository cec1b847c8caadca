import { deferred } from "@muster/base";
import { afterEach, describe, expect, it } from "vitest";
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
        run: async ({ requestId }) => {
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
        run: async ({ requestId }) => {
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
      await queue.remove(lane, "goes");
      await queue.remove(lane, "never-there");
      const seen: string[] = [];
      const last = deferred<void>();
      const consumer = queue.consume(lane, {
        run: async ({ requestId }) => {
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
        run: async ({ requestId }) => {
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
        run: async ({ requestId }) => {
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
  });
}
