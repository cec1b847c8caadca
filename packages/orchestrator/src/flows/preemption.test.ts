import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replica, ScriptedWorker, startFlows } from "./flows.fixture.ts";
import type { SlotLease, SlotWish } from "./slot-desk.ts";

const wish = (change: Partial<SlotWish>): SlotWish => ({
  laneClass: "interactive",
  avoid: new Set(),
  needs: new Set(),
  signal: new AbortController().signal,
  ...change,
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("a person who finds no free slot", () => {
  it("gets that of the youngest batch line, whose holder is asked once", async () => {
    const flows = startFlows();
    const { fleet } = flows;
    new ScriptedWorker(flows, "w1");
    const asked: string[] = [];
    const older = await fleet.acquire(
      "m",
      wish({ laneClass: "batch", onPreempt: () => asked.push("older") }),
    );
    const younger = await fleet.acquire(
      "m",
      wish({ laneClass: "batch", onPreempt: () => asked.push("younger") }),
    );
    const got = fleet.acquire("m", wish({}));
    expect(asked).toEqual(["younger"]);
    const batch = fleet.acquire("m", wish({ laneClass: "batch" }));
    younger.release();
    const lease = await got;
    expect(asked).toEqual(["younger"]);
    older.release();
    lease.release();
    (await batch).release();
  });

  it("does not ask again when another has what was asked for, or has stopped waiting", async () => {
    const flows = startFlows();
    const { fleet } = flows;
    new ScriptedWorker(flows, "w1");
    let asked = 0;
    const onPreempt = () => {
      asked += 1;
    };
    const held = [
      await fleet.acquire("m", wish({ laneClass: "batch", onPreempt })),
      await fleet.acquire("m", wish({ laneClass: "batch", onPreempt })),
    ];
    const leave = new AbortController();
    const left = fleet.acquire("m", wish({ signal: leave.signal }));
    expect(asked).toBe(1);
    leave.abort();
    await expect(left).rejects.toMatchObject({ code: "cancelled" });
    const next = fleet.acquire("m", wish({}));
    expect(asked).toBe(1);
    for (const lease of held) lease.release();
    (await next).release();
  });

  it("asks anew when the worker that was to give a slot back is lost", async () => {
    const flows = startFlows();
    const { fleet } = flows;
    const workers = ["w1", "w2"].map((id) => new ScriptedWorker(flows, id, [replica({ slots: 1 })]));
    const asked: string[] = [];
    for (const name of ["older", "younger"])
      await fleet.acquire("m", wish({ laneClass: "batch", onPreempt: () => asked.push(name) }));
    const leave = new AbortController();
    const got = fleet.acquire("m", wish({ signal: leave.signal }));
    expect(asked).toEqual(["younger"]);
    workers[1]?.die();
    expect(asked).toEqual(["younger", "older"]);
    leave.abort();
    await expect(got).rejects.toMatchObject({ code: "cancelled" });
  });

  it("never has more slots asked back than there are people waiting, whatever comes and goes", async () => {
    const step = fc.constantFrom("person", "line", "give-back", "person-leaves", "line-ends", "person-ends");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const flows = startFlows();
        const { fleet } = flows;
        new ScriptedWorker(flows, "w1", [replica({ slots: 2 })]);
        new ScriptedWorker(flows, "w2", [replica({ slots: 1 })]);
        const waiting = new Set<AbortController>();
        const people = new Set<SlotLease>();
        const lines = new Set<{ lease: SlotLease | undefined; calls: number }>();
        const asked = () => [...lines].filter((line) => line.calls > 0);
        for (const each of steps) {
          if (each === "person") {
            const leave = new AbortController();
            waiting.add(leave);
            const done = () => waiting.delete(leave);
            fleet.acquire("m", wish({ signal: leave.signal })).then(
              (lease) => {
                done();
                people.add(lease);
              },
              () => done(),
            );
          } else if (each === "line") {
            const line = { lease: undefined as SlotLease | undefined, calls: 0 };
            const onPreempt = () => {
              line.calls += 1;
              expect(asked().length).toBeLessThanOrEqual(waiting.size);
            };
            lines.add(line);
            void fleet.acquire("m", wish({ laneClass: "batch", onPreempt })).then((lease) => {
              line.lease = lease;
            });
          } else if (each === "person-leaves") [...waiting][0]?.abort();
          else if (each === "person-ends") {
            const [lease] = people;
            if (lease !== undefined) people.delete(lease);
            lease?.release();
          } else {
            const from = each === "give-back" ? asked() : [...lines];
            const line = from.find(({ lease }) => lease !== undefined);
            if (line !== undefined) lines.delete(line);
            line?.lease?.release();
          }
          await settled();
          for (const line of lines) expect(line.calls).toBeLessThanOrEqual(1);
          const isFull = fleet
            .workers()
            .every((worker) => worker.replicas.every((one) => one.slotsUsed === one.slots));
          const canAsk = [...lines].some(({ lease, calls }) => lease !== undefined && calls === 0);
          if (waiting.size > 0) expect(isFull).toBe(true);
          if (waiting.size > asked().length) expect(canAsk).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("lines that begin alike", () => {
  it("go where the beginning is known, until eight others have been there or the engine was started again", async () => {
    const flows = startFlows();
    const { fleet } = flows;
    for (const id of ["w1", "w2"]) new ScriptedWorker(flows, id, [replica({ slots: 16 })]);
    const send = async (prefix: number) => {
      const lease = await fleet.acquire("m", wish({ laneClass: "batch", prefix }));
      lease.release();
      return lease.workerId;
    };
    const keep = await fleet.acquire("m", wish({ laneClass: "batch" }));
    expect(keep.workerId).toBe("w1");
    expect(await send(5)).toBe("w2");
    keep.release();
    expect(await send(5)).toBe("w2");
    fleet.reportReplica("w2", replica({ slots: 16, state: "crashed" }));
    fleet.reportReplica("w2", replica({ slots: 16 }));
    expect(await send(5)).toBe("w1");
    for (let prefix = 11; prefix < 19; prefix++) expect(await send(prefix)).toBe("w1");
    const busy = await fleet.acquire("m", wish({ laneClass: "batch" }));
    expect(busy.workerId).toBe("w1");
    expect(await send(5)).toBe("w2");
    busy.release();
  });
});
