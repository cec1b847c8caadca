import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replica, ScriptedWorker, startFlows, submit } from "./flows.fixture.ts";

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
