import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ScriptedWorker, startFlows, submit } from "./flows.fixture.ts";

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

  it("that was the last here sends its request back to the lane, where others have the model", async () => {
    const flows = startFlows({ isElsewhere: () => true });
    const lane = { model: "m", class: "interactive" } as const;
    const first = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows);
    await first.untilAssigned(1);
    first.die();
    await nextTurn();
    expect(await flows.queue.depth(lane)).toBe(0);
    flows.clock.advance(1_000);
    await nextTurn();
    expect(await flows.queue.depth(lane)).toBe(1);
    const second = new ScriptedWorker(flows, "w2");
    const assign = await second.untilAssigned(1);
    expect(assign.epoch).toBe(2);
    second.finish(assign);
    expect((await done).map((event) => event.kind)).toEqual(["started", "started", "end"]);
  });

  it("that was the last of all leaves its request waiting here", async () => {
    const flows = startFlows({ isElsewhere: () => false });
    const first = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows);
    await first.untilAssigned(1);
    first.die();
    await nextTurn();
    flows.clock.advance(5_000);
    const second = new ScriptedWorker(flows, "w2");
    second.finish(await second.untilAssigned(1));
    expect((await done).at(-1)?.kind).toBe("end");
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
    expect(events.filter((event) => event.kind === "delta").map((event) => event.delta)).toEqual([
      { kind: "text", text: "fresh", tokens: 1 },
    ]);
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
    flows.clock.advance(1_000);
    expect(flows.desk.demand().get("m")).toMatchObject({ waiting: { interactive: 1 }, oldestWaitMs: 1_000 });
    flows.clock.advance(4_000);
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
    first.end({ attemptId, epoch }, { kind: "cancelled" });
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
    worker.end(assign, { kind: "cancelled" });
    expect(used()).toBe(0);
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
      worker.end(assign, {
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
