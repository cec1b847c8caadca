import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replica, request, ScriptedWorker, startFlows, submit } from "./flows.fixture.ts";

describe("one request", () => {
  it("goes to a worker, and its pieces come back in order with one end", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows);
    const assign = await worker.untilAssigned(1);
    worker.say(assign, 0, "hel");
    worker.say(assign, 1, "lo");
    worker.finish(assign);
    const events = await done;
    expect(events.map((event) => event.kind)).toEqual(["started", "delta", "delta", "end"]);
    expect(flows.desk.size).toBe(0);
    expect(flows.fleet.worker("w1")?.replicas[0]?.slotsUsed).toBe(0);
  });

  it("waits for a worker that comes later", async () => {
    const flows = startFlows();
    const { done } = await submit(flows);
    const worker = new ScriptedWorker(flows, "late");
    worker.finish(await worker.untilAssigned(1));
    await expect(done).resolves.toHaveLength(2);
  });

  it("fails with queue_timeout, and is never run, when no slot comes in time", async () => {
    const flows = startFlows();
    const { done } = await submit(flows, { queueTimeoutMs: 5_000 });
    flows.clock.advance(5_000);
    await expect(done).rejects.toMatchObject({ code: "queue_timeout", retryAfterMs: 5_000 });
    const worker = new ScriptedWorker(flows, "too-late");
    await flows.lanes.close();
    expect(worker.assigned).toEqual([]);
  });

  it("is turned away when too many wait", async () => {
    const flows = startFlows({ maxQueued: 1 });
    await submit(flows);
    await expect(submit(flows)).rejects.toMatchObject({ code: "queue_full" });
  });

  it("is cancelled on its worker when the client leaves, and holds its slot until the worker has stopped", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const leave = new AbortController();
    const { done } = await submit(flows, { signal: leave.signal });
    const { attemptId, epoch } = await worker.untilAssigned(1);
    leave.abort();
    await expect(done).rejects.toMatchObject({ code: "cancelled" });
    expect(worker.commands.at(-1)).toEqual({ kind: "cancel", attemptId, epoch });
    expect(flows.fleet.worker("w1")?.replicas[0]?.slotsUsed).toBe(1);
    flows.attempts.ended("w1", attemptId, epoch, { kind: "cancelled" });
    expect(flows.fleet.worker("w1")?.replicas[0]?.slotsUsed).toBe(0);
  });

  it("is cancelled when the client leaves its answer unread", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const answer = await flows.desk.submit({
      requestId: "req-unread",
      lane: { model: "m", class: "interactive" },
      request,
      queueTimeoutMs: 1_000,
      isRestartable: false,
      signal: new AbortController().signal,
    });
    const assign = await worker.untilAssigned(1);
    for (let i = 0; i < 5_000; i++) worker.say(assign, i, "x".repeat(300));
    expect(worker.commands.at(-1)?.kind).toBe("cancel");
    const read = async () => {
      for await (const _event of answer);
    };
    await expect(read()).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("a worker that is lost", () => {
  it("is replaced by another before the first token", async () => {
    const flows = startFlows();
    const first = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows);
    await first.untilAssigned(1);
    const second = new ScriptedWorker(flows, "w2");
    first.die();
    const assign = await second.untilAssigned(1);
    expect(assign.epoch).toBe(2);
    second.say(assign, 0, "answer");
    second.finish(assign);
    expect((await done).map((event) => event.kind)).toEqual(["started", "started", "delta", "end"]);
  });

  it("ends a streamed answer that had begun with an error, and does not mix in another attempt", async () => {
    const flows = startFlows();
    const first = new ScriptedWorker(flows, "w1");
    const second = new ScriptedWorker(flows, "w2");
    const { done, events } = await submit(flows);
    const assign = await first.untilAssigned(1);
    first.say(assign, 0, "half an ans");
    first.die();
    await expect(done).rejects.toMatchObject({ code: "worker_lost" });
    expect(events.map((event) => event.kind)).toEqual(["started", "delta"]);
    expect(second.assigned).toEqual([]);
  });

  it("is replaced even mid-answer where the client has seen nothing yet", async () => {
    const flows = startFlows();
    const first = new ScriptedWorker(flows, "w1");
    const second = new ScriptedWorker(flows, "w2");
    const { done } = await submit(flows, { isRestartable: true });
    first.say(await first.untilAssigned(1), 0, "half an ans");
    first.die();
    second.finish(await second.untilAssigned(1));
    expect((await done).map((event) => event.kind)).toEqual(["started", "delta", "started", "end"]);
  });

  it("is not listened to any more: a zombie's output and end change nothing", async () => {
    const flows = startFlows();
    const first = new ScriptedWorker(flows, "w1");
    const { done, events } = await submit(flows);
    const stale = await first.untilAssigned(1);
    first.die();
    const again = new ScriptedWorker(flows, "w1");
    const assign = await again.untilAssigned(1);
    first.say(stale, 0, "stale");
    first.finish(stale);
    again.say(assign, 0, "fresh");
    again.finish(assign);
    await done;
    expect(events.filter((event) => event.kind === "delta").map((event) => event.text)).toEqual(["fresh"]);
  });

  it("is superseded by a newer session with the same id", async () => {
    const flows = startFlows();
    const old = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows);
    await old.untilAssigned(1);
    const fresh = new ScriptedWorker(flows, "w1");
    expect(flows.fleet.isCurrent("w1", old)).toBe(false);
    fresh.finish(await fresh.untilAssigned(1));
    await done;
  });
});

describe("a request whose worker was lost, with no other one", () => {
  it("is turned away when none comes within the queue's deadline", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows, { queueTimeoutMs: 5_000 });
    await worker.untilAssigned(1);
    flows.clock.advance(60_000);
    worker.die();
    await new Promise((resolve) => setImmediate(resolve));
    expect(flows.desk.size).toBe(1);
    flows.clock.advance(5_000);
    await expect(done).rejects.toMatchObject({ code: "queue_timeout" });
    expect(flows.desk.size).toBe(0);
  });
});

describe("a worker that stops what nobody asked it to stop", () => {
  it("is replaced by another", async () => {
    const flows = startFlows();
    const first = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows);
    const { attemptId, epoch } = await first.untilAssigned(1);
    const second = new ScriptedWorker(flows, "w2");
    flows.attempts.ended("w1", attemptId, epoch, { kind: "cancelled" });
    second.finish(await second.untilAssigned(1));
    await done;
  });
});

describe("output out of order", () => {
  it("fails the request at once, and keeps the slot until the worker has stopped", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows);
    const assign = await worker.untilAssigned(1);
    worker.say(assign, 0, "a");
    worker.say(assign, 2, "c");
    await expect(done).rejects.toMatchObject({ code: "internal" });
    const used = () => flows.fleet.worker("w1")?.replicas[0]?.slotsUsed;
    expect(worker.commands.at(-1)?.kind).toBe("cancel");
    expect(used()).toBe(1);
    worker.say(assign, 3, "d");
    flows.attempts.ended("w1", assign.attemptId, assign.epoch, { kind: "cancelled" });
    expect(used()).toBe(0);
  });
});

describe("a model that nobody serves any more", () => {
  it("gives its lanes back, and gets new ones when it is served again", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    flows.fleet.reportReplica("w1", replica({ state: "unloaded" }));
    const { done } = await submit(flows);
    flows.fleet.reportReplica("w1", replica());
    worker.finish(await worker.untilAssigned(1));
    await done;
  });

  it("cannot be made up by renaming a replica", () => {
    const flows = startFlows();
    new ScriptedWorker(flows, "w1");
    flows.fleet.reportReplica("w1", replica({ model: "another" }));
    expect(flows.fleet.knownModels()).toEqual(["m"]);
  });
});

describe("workers that come and go", () => {
  it("are forgotten, the oldest first", () => {
    const flows = startFlows();
    for (let i = 0; i < 400; i++) new ScriptedWorker(flows, `w${i}`, []).die();
    expect(flows.fleet.workers().length).toBeLessThanOrEqual(256);
  });
});

describe("an engine that crashes", () => {
  it("takes the request for the cause after the second, on two workers", async () => {
    const flows = startFlows();
    const workers = [
      new ScriptedWorker(flows, "w1"),
      new ScriptedWorker(flows, "w2"),
      new ScriptedWorker(flows, "w3"),
    ];
    const { done } = await submit(flows);
    const crashed = new Set<string>();
    for (let i = 0; i < 2; i++) {
      const { worker, assign } = await Promise.race(
        workers
          .filter((one) => !crashed.has(one.id))
          .map(async (one) => ({ worker: one, assign: await one.untilAssigned(1) })),
      );
      crashed.add(worker.id);
      flows.attempts.ended(worker.id, assign.attemptId, assign.epoch, {
        kind: "failed",
        code: "engine_crashed",
        message: "signal SIGSEGV",
      });
    }
    await expect(done).rejects.toMatchObject({ code: "engine_crashed" });
    expect(crashed.size).toBe(2);
    expect(workers.reduce((sum, worker) => sum + worker.assigned.length, 0)).toBe(2);
  });
});

describe("heartbeats", () => {
  it("free the slot of an attempt that the worker does not know of", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows);
    await worker.untilAssigned(1);
    flows.attempts.reconcile("w1", new Set());
    expect(flows.attempts.size).toBe(1);
    flows.clock.advance(11_000);
    flows.attempts.reconcile("w1", new Set());
    worker.finish(await worker.untilAssigned(2));
    await done;
  });
});

describe("lanes", () => {
  it("give a slot that falls free to an interactive request before any batch request", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1", [replica({ slots: 1 })]);
    await submit(flows, { laneClass: "batch", requestId: "b1" });
    await submit(flows, { laneClass: "batch", requestId: "b2" });
    const running = await worker.untilAssigned(1);
    expect(running.attemptId).toBe("b1");
    await submit(flows, { requestId: "person" });
    worker.finish(running);
    expect((await worker.untilAssigned(2)).attemptId).toBe("person");
    worker.finish(await worker.untilAssigned(2));
    expect((await worker.untilAssigned(3)).attemptId).toBe("b2");
  });

  it("never run more than there are slots, and finish everything, whatever the order of events", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat({ max: 1_000 }), { minLength: 5, maxLength: 25 }),
        async (slots, picks) => {
          const flows = startFlows();
          const workers = slots.map(
            (count, i) => new ScriptedWorker(flows, `w${i}`, [replica({ slots: count })]),
          );
          const submitted = await Promise.all(
            picks.map((pick) => submit(flows, { laneClass: pick % 2 === 0 ? "interactive" : "batch" })),
          );
          const open = new Map<string, () => void>();
          const seen = workers.map(() => 0);
          for (const pick of picks) {
            workers.forEach((worker, i) => {
              for (const assign of worker.assigned.slice(seen[i])) {
                open.set(`${assign.attemptId}`, () => worker.finish(assign));
              }
              seen[i] = worker.assigned.length;
              const used = flows.fleet.worker(worker.id)?.replicas[0];
              expect(used?.slotsUsed ?? 0).toBeLessThanOrEqual(used?.slots ?? 0);
            });
            const key = [...open.keys()][pick % Math.max(1, open.size)];
            if (key !== undefined) {
              open.get(key)?.();
              open.delete(key);
            }
            await Promise.resolve();
          }
          for (;;) {
            workers.forEach((worker, i) => {
              for (const assign of worker.assigned.slice(seen[i])) worker.finish(assign);
              seen[i] = worker.assigned.length;
            });
            for (const finish of open.values()) finish();
            open.clear();
            if (flows.desk.size === 0) break;
            await new Promise((resolve) => setImmediate(resolve));
          }
          await Promise.all(submitted.map(({ done }) => done));
          expect(flows.attempts.size).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("shutting down", () => {
  it("turns away what waits, lets what runs finish, and accepts nothing new", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1", [replica({ slots: 1 })]);
    const running = await submit(flows);
    const assign = await worker.untilAssigned(1);
    const waiting = await submit(flows);
    const closed = flows.desk.close(30_000);
    await expect(waiting.done).rejects.toMatchObject({ code: "shutting_down" });
    await expect(submit(flows)).rejects.toMatchObject({ code: "shutting_down" });
    worker.finish(assign);
    await running.done;
    await closed;
  });

  it("cuts off what does not finish in time", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const running = await submit(flows);
    await worker.untilAssigned(1);
    const closed = flows.desk.close(1_000);
    flows.clock.advance(1_000);
    await expect(running.done).rejects.toMatchObject({ code: "shutting_down" });
    await closed;
  });
});

describe("a gap on the bus", () => {
  it("ends the answers of that runner with an error, and no others", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const first = await submit(flows);
    await worker.untilAssigned(1);
    flows.desk.receive({ kind: "gap", from: "orc-somebody-else" });
    expect(flows.desk.size).toBe(1);
    flows.desk.receive({ kind: "gap", from: flows.self });
    await expect(first.done).rejects.toMatchObject({ code: "worker_lost" });
    expect(worker.commands.at(-1)?.kind).toBe("cancel");
  });
});
