import { describe, expect, it } from "vitest";
import { type Flows, replica, ScriptedWorker, startFlows, submit } from "./flows.fixture.ts";
import { answeredAt } from "./routing.fixture.ts";

const wish = (change: { readonly prefix?: number } = {}) => ({
  laneClass: "interactive" as const,
  avoid: new Set<string>(),
  needs: new Set<never>(),
  signal: new AbortController().signal,
  ...change,
});

/** Fails once everything that `workerId` is given, until it gets no more. */
async function failOn(flows: Flows, workerId: string, times: number): Promise<void> {
  for (let failures = 0; failures < times; ) {
    const lease = await flows.fleet.acquire("m", wish());
    const isIll = lease.workerId === workerId;
    if (isIll) failures += 1;
    lease.release(isIll ? { kind: "failed", code: "engine_failed" } : undefined);
  }
}

const breakerOf = ({ fleet }: Flows, workerId: string) => fleet.worker(workerId)?.replicas[0]?.breaker;

describe("a replica that keeps failing", () => {
  it("gets no more work while another serves the model, is probed, and is back once it answers", async () => {
    const flows = startFlows();
    new ScriptedWorker(flows, "w1", [replica({ slots: 4 })]);
    new ScriptedWorker(flows, "w2", [replica({ slots: 4 })]);
    await failOn(flows, "w1", 5);
    expect(flows.fleet.worker("w1")?.replicas[0]).toMatchObject({
      breaker: "open",
      breakerReason: expect.stringContaining("engine_failed"),
      recentFailures: 5,
    });
    expect(flows.fleet.slots("m")).toBe(4);
    const held = [];
    for (let taken = 0; taken < 4; taken++) held.push(await flows.fleet.acquire("m", wish()));
    expect(held.map(({ workerId }) => workerId)).toEqual(["w2", "w2", "w2", "w2"]);

    // The next waits for a slot, and gets the probe when its time has come.
    const next = flows.fleet.acquire("m", wish());
    flows.clock.advance(10_000);
    const probe = await next;
    expect(probe.workerId).toBe("w1");
    expect(breakerOf(flows, "w1")).toBe("half_open");
    const another = flows.fleet.acquire("m", wish());
    held[0]?.release();
    expect((await another).workerId).toBe("w2");
    probe.release(answeredAt(20));
    expect(breakerOf(flows, "w1")).toBe("closed");
    expect(flows.fleet.slots("m")).toBe(8);
  });

  it("is used all the same where every replica of the model fails", async () => {
    const flows = startFlows();
    new ScriptedWorker(flows, "w1");
    await failOn(flows, "w1", 6);
    expect(breakerOf(flows, "w1")).toBe("open");
    expect(flows.fleet.slots("m")).toBe(2);
    expect((await flows.fleet.acquire("m", wish())).workerId).toBe("w1");
  });

  it("is known again when its worker comes back", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    new ScriptedWorker(flows, "w2");
    await failOn(flows, "w1", 5);
    worker.die();
    new ScriptedWorker(flows, "w1", [replica({ id: "rep-new" })]);
    expect(breakerOf(flows, "w1")).toBe("open");
  });

  it("is ejected where its link breaks at work again and again, each break counted once", async () => {
    const flows = startFlows();
    for (let breaks = 0; breaks < 5; breaks++) {
      expect(breakerOf(flows, "w1") ?? "closed").toBe("closed");
      const worker = new ScriptedWorker(flows, "w1", [replica({ slots: 4 })]);
      for (let taken = 0; taken < 4; taken++) await flows.fleet.acquire("m", wish());
      worker.die();
    }
    expect(breakerOf(flows, "w1")).toBe("open");
  });

  it("is not blamed for what is cancelled, given back or wrong with the request", async () => {
    const flows = startFlows();
    new ScriptedWorker(flows, "w1");
    for (const code of ["given_back", "invalid_request", "context_length_exceeded", "cancelled"] as const)
      for (let time = 0; time < 6; time++)
        (await flows.fleet.acquire("m", wish())).release({ kind: "failed", code });
    expect(breakerOf(flows, "w1")).toBe("closed");
  });
});

describe("a replica that has become far slower than it was", () => {
  it("is ejected, and let back in as a slow one if it stays so", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1", [replica({ slots: 1 })]);
    const answer = async (speed: number) => {
      const lease = await flows.fleet.acquire("m", wish());
      lease.release(answeredAt(speed));
    };
    for (let answers = 0; answers < 12; answers++) await answer(50);
    for (let answers = 0; answers < 4; answers++) await answer(5);
    expect(breakerOf(flows, "w1")).toBe("closed");
    await answer(5);
    expect(breakerOf(flows, "w1")).toBe("open");
    for (let probes = 0; probes < 4; probes++) {
      flows.clock.advance(300_000);
      await answer(5);
    }
    expect(breakerOf(flows, "w1")).toBe("closed");
    for (let answers = 0; answers < 10; answers++) await answer(5);
    expect(breakerOf(flows, "w1")).toBe("closed");
    worker.die();
  });
});

describe("an attempt that produces nothing", () => {
  it("is stopped, counts as a failure of its replica, and its request is answered elsewhere", async () => {
    const flows = startFlows();
    const stuck = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows);
    const { attemptId } = await stuck.untilAssigned(1);
    const other = new ScriptedWorker(flows, "w2");
    flows.clock.advance(59_000);
    expect(stuck.commands.at(-1)).toMatchObject({ kind: "assign" });
    flows.clock.advance(5_000);
    expect(stuck.commands.at(-1)).toEqual({ kind: "cancel", attemptId, epoch: 1 });
    expect(flows.fleet.worker("w1")?.replicas[0]).toMatchObject({ recentFailures: 1, slotsUsed: 1 });
    const second = await other.untilAssigned(1);
    expect(second.epoch).toBe(2);
    other.finish(second);
    expect((await done).at(-1)).toMatchObject({ kind: "end", source: { workerId: "w2" } });
    stuck.end({ attemptId, epoch: 1 }, { kind: "cancelled" });
    expect(flows.fleet.worker("w1")?.replicas[0]).toMatchObject({ recentFailures: 1, slotsUsed: 0 });
  });

  it("is left alone once something has come", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows, { queueTimeoutMs: 1_000_000 });
    const assign = await worker.untilAssigned(1);
    flows.clock.advance(30_000);
    worker.say(assign, 0, "slow");
    flows.clock.advance(300_000);
    worker.finish(assign);
    expect((await done).map(({ kind }) => kind)).toEqual(["started", "delta", "end"]);
  });
});
