import { getEventListeners } from "node:events";
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

  it("waits longer for a model that is being loaded, and not for ever", async () => {
    let isComingUp = true;
    const coldStarts = {
      isComingUp: () => isComingUp,
      unmetBecause: () => "desk-1 is full.",
      longestMs: 20_000,
    };
    const flows = startFlows({ coldStarts });
    const first = await submit(flows, { queueTimeoutMs: 5_000 });
    flows.clock.advance(15_000);
    const worker = new ScriptedWorker(flows, "w1");
    worker.finish(await worker.untilAssigned(1));
    await expect(first.done).resolves.toHaveLength(2);

    worker.die();
    const second = await submit(flows, { queueTimeoutMs: 5_000 });
    flows.clock.advance(5_000);
    isComingUp = false;
    flows.clock.advance(5_000);
    await expect(second.done).rejects.toMatchObject({ code: "queue_timeout", message: /desk-1 is full/ });

    isComingUp = true;
    const third = await submit(flows, { queueTimeoutMs: 5_000 });
    for (let at = 0; at < 20_000; at += 5_000) flows.clock.advance(5_000);
    await expect(third.done).rejects.toMatchObject({ code: "queue_timeout" });
  });

  it("tells what it asks for once it is accepted, and not where it is turned away", async () => {
    const asked: string[] = [];
    const flows = startFlows({
      maxQueued: 1,
      coldStarts: {
        isComingUp: () => false,
        unmetBecause: () => undefined,
        asked: (model) => void asked.push(model),
        longestMs: 20_000,
      },
    });
    await submit(flows);
    await expect(submit(flows)).rejects.toMatchObject({ code: "queue_full" });
    expect(asked).toEqual(["m"]);
  });

  it("has its usual time once more when its model has just come", async () => {
    let isComingUp = true;
    const flows = startFlows({
      coldStarts: { isComingUp: () => isComingUp, unmetBecause: () => undefined, longestMs: 20_000 },
    });
    const { done } = await submit(flows, { queueTimeoutMs: 5_000 });
    flows.clock.advance(5_000);
    isComingUp = false;
    flows.clock.advance(5_000);
    const worker = new ScriptedWorker(flows, "w1");
    worker.finish(await worker.untilAssigned(1));
    await expect(done).resolves.toHaveLength(2);
    worker.die();
    const { done: late } = await submit(flows, { queueTimeoutMs: 5_000 });
    flows.clock.advance(5_000);
    await expect(late).rejects.toMatchObject({ code: "queue_timeout" });
  });

  it("fails at its deadline while it waits for a slot, whatever it might wait otherwise", async () => {
    const flows = startFlows();
    const { done } = await submit(flows, { queueTimeoutMs: 60_000, deadlineMs: 1_000 });
    flows.clock.advance(1_000);
    await expect(done).rejects.toMatchObject({
      code: "deadline_exceeded",
      message: expect.stringContaining("no worker had begun"),
    });
    const worker = new ScriptedWorker(flows, "too-late");
    await flows.lanes.close();
    expect(worker.assigned).toEqual([]);
  });

  it("fails at its deadline in the middle of its answer, and its worker stops", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows, { deadlineMs: 1_000 });
    const assign = await worker.untilAssigned(1);
    worker.say(assign, 0, "hel");
    flows.clock.advance(999);
    worker.say(assign, 1, "lo");
    flows.clock.advance(1);
    await expect(done).rejects.toMatchObject({
      code: "deadline_exceeded",
      message: expect.stringContaining("not complete"),
    });
    expect(worker.commands.at(-1)).toMatchObject({ kind: "cancel", attemptId: assign.attemptId });
  });

  it("that is answered in time is over with: nothing happens at its deadline", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows, { deadlineMs: 1_000 });
    worker.finish(await worker.untilAssigned(1));
    const events = await done;
    flows.clock.advance(1_000);
    expect(events.at(-1)).toMatchObject({ kind: "end", source: { model: "m", workerName: "w1" } });
  });

  it("leaves nothing behind on the signal that it shares with others", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const { signal } = new AbortController();
    const { done } = await submit(flows, { signal });
    expect(getEventListeners(signal, "abort")).not.toEqual([]);
    worker.finish(await worker.untilAssigned(1));
    await done;
    expect(getEventListeners(signal, "abort")).toEqual([]);
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
    worker.end({ attemptId, epoch }, { kind: "cancelled" });
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
