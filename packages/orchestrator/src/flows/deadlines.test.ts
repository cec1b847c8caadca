import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replica, ScriptedWorker, startFlows, submit } from "./flows.fixture.ts";
import { type SlotWaiter, SlotWaiters } from "./slot-waiters.ts";

const wish = (deadlineAtMs: number | undefined) => ({
  laneClass: "interactive" as const,
  avoid: new Set<string>(),
  needs: new Set<never>(),
  signal: new AbortController().signal,
  deadlineAtMs,
});

describe("a request with a deadline", () => {
  it("waits for a slot no longer than that", async () => {
    const { fleet, clock } = startFlows();
    const waits = fleet.acquire("m", wish(2_000));
    clock.advance(1_999);
    const settled = waits.then(
      () => "granted",
      (error: { code: string }) => error.code,
    );
    clock.advance(1);
    expect(await settled).toBe("deadline_exceeded");
    await expect(fleet.acquire("m", wish(2_000))).rejects.toMatchObject({ code: "deadline_exceeded" });
  });

  it("gets a slot before one that came earlier and has time", async () => {
    const flows = startFlows();
    const { fleet } = flows;
    const order: string[] = [];
    const ask = (name: string, deadlineAtMs: number | undefined) =>
      fleet.acquire("m", wish(deadlineAtMs)).then((lease) => {
        order.push(name);
        lease.release();
      });
    const all = [ask("has time", undefined), ask("later", 5_000), ask("soon", 3_000)];
    new ScriptedWorker(flows, "w1", [replica({ slots: 1 })]);
    await Promise.all(all);
    expect(order).toEqual(["soon", "later", "has time"]);
  });

  it("fails when its answer is not complete by then, and its worker is told to stop", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows, { deadlineMs: 4_000 });
    const assign = await worker.untilAssigned(1);
    worker.say(assign, 0, "not all");
    flows.clock.advance(4_000);
    await expect(done).rejects.toMatchObject({ code: "deadline_exceeded" });
    expect(worker.commands.at(-1)).toMatchObject({ kind: "cancel", attemptId: assign.attemptId });
    expect(flows.desk.size).toBe(0);
  });

  it("is never run when it comes while it waits", async () => {
    const flows = startFlows();
    const { done } = await submit(flows, { deadlineMs: 4_000 });
    flows.clock.advance(4_000);
    await expect(done).rejects.toMatchObject({ code: "deadline_exceeded" });
    const worker = new ScriptedWorker(flows, "w1");
    await flows.lanes.close();
    expect(worker.assigned).toEqual([]);
  });

  it("is not remembered once it is answered", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows, { deadlineMs: 4_000 });
    worker.finish(await worker.untilAssigned(1));
    expect((await done).at(-1)).toMatchObject({ kind: "end" });
    flows.clock.advance(4_000);
    expect(worker.commands.filter(({ kind }) => kind === "cancel")).toEqual([]);
  });
});

describe("those who wait for a slot", () => {
  it("are served by when they are due, and nobody is passed by who came over ten seconds later", () => {
    const waiter = fc.record({
      arrivedAtMs: fc.nat(60_000),
      allowedMs: fc.option(fc.nat(30_000), { nil: undefined }),
      isPerson: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(waiter, { maxLength: 30 }), (given) => {
        const waiters = new SlotWaiters<SlotWaiter<true>, true>();
        const served: SlotWaiter<true>[] = [];
        const sorted = [...given].sort((a, b) => a.arrivedAtMs - b.arrivedAtMs);
        for (const { arrivedAtMs, allowedMs, isPerson } of sorted) {
          const added: SlotWaiter<true> = {
            laneClass: isPerson ? "interactive" : "batch",
            ...{ avoid: new Set<string>(), needs: new Set<never>(), arrivedAtMs },
            deadlineAtMs: allowedMs === undefined ? undefined : arrivedAtMs + allowedMs,
            grant: () => served.push(added),
          };
          waiters.add(added);
        }
        waiters.serve({ areLeft: () => true, take: () => true });
        expect(served).toHaveLength(given.length);
        expect(waiters.size).toBe(0);
        for (const [at, early] of served.entries()) {
          for (const late of served.slice(at + 1)) {
            if (early.laneClass === "batch") expect(late.laneClass).toBe("batch");
            if (early.laneClass !== late.laneClass) continue;
            const limitMs = early.laneClass === "batch" ? 60_000 : 10_000;
            expect(early.arrivedAtMs - late.arrivedAtMs).toBeLessThanOrEqual(limitMs);
            if (early.deadlineAtMs === undefined && late.deadlineAtMs === undefined)
              expect(early.arrivedAtMs).toBeLessThanOrEqual(late.arrivedAtMs);
          }
        }
      }),
    );
  });
});
