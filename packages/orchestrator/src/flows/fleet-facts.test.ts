import type { MachineLoad, ProcessStats } from "@muster/base";
import { describe, expect, it } from "vitest";
import { replica, ScriptedWorker, startFlows, submit } from "./flows.fixture.ts";

const process = (cpuSeconds: number, generationTokens: number): ProcessStats => ({
  ...{ residentBytes: 1, eventLoopLagSeconds: 0, engineCrashes: 0 },
  ...{ cpuSeconds, generationTokens, promptTokens: 0, prefillSeconds: 0, decodeSeconds: 0 },
});
const load = (stats?: ProcessStats): MachineLoad => ({
  ...{ freeRamBytes: 1, cpuLoad: 0 },
  ...(stats === undefined ? {} : { process: stats }),
});

describe("what is counted of the fleet", () => {
  it("loads are told once each, though a worker says all of them again on each link", () => {
    const flows = startFlows();
    const told: string[] = [];
    flows.fleet.notify({ loadEnded: ({ id, loadMs }, result) => told.push(`${id} ${result} ${loadMs}`) });
    const loaded = replica({ loadMs: 100 });
    const first = new ScriptedWorker(flows, "w1", [replica({ state: "loading" }), loaded]);
    flows.fleet.reportReplica("w1", replica({ id: "rep-2", state: "failed" }));
    flows.fleet.reportReplica("w1", replica({ id: "rep-2", state: "failed" }));
    first.die();
    new ScriptedWorker(flows, "w1", [loaded, replica({ id: "rep-2", state: "failed" })]);
    expect(told).toEqual(["rep-1 ok 100", "rep-2 failed 0"]);
    flows.fleet.reportReplica("w1", replica({ state: "crashed" }));
    flows.fleet.reportReplica("w1", replica({ loadMs: 90 }));
    flows.fleet.reportReplica("w1", replica({ state: "unloaded" }));
    flows.fleet.reportReplica("w1", replica({ loadMs: 90 }));
    expect(told.slice(2)).toEqual(["rep-1 ok 90", "rep-1 ok 90"]);
  });

  it("what waits is counted by its lane, with the age of the oldest, and what runs where it runs", async () => {
    const flows = startFlows();
    await submit(flows, { laneClass: "batch" });
    flows.clock.advance(2_000);
    const { done } = await submit(flows);
    await submit(flows);
    flows.clock.advance(1_000);
    expect(flows.desk.waiting()).toEqual([
      { model: "m", class: "batch", waiting: 1, oldestWaitMs: 3_000 },
      { model: "m", class: "interactive", waiting: 2, oldestWaitMs: 1_000 },
    ]);
    expect([...flows.attempts.running()]).toEqual([]);
    const worker = new ScriptedWorker(flows, "w1", [replica({ slots: 1 })]);
    const assign = await worker.untilAssigned(1);
    expect([...flows.attempts.running()]).toEqual([{ model: "m", class: "interactive" }]);
    expect(flows.desk.waiting().map(({ waiting }) => waiting)).toEqual([1, 1]);
    worker.finish(assign);
    await done;
  });

  it("links that were lost are counted with their worker, goodbyes are not", () => {
    const flows = startFlows();
    new ScriptedWorker(flows, "w1").die();
    const second = new ScriptedWorker(flows, "w1");
    expect(flows.fleet.look("w1")?.disconnects).toBe(1);
    new ScriptedWorker(flows, "w1");
    expect(flows.fleet.look("w1")?.disconnects).toBe(2);
    flows.fleet.leaveForGood("w1", second, "an old link");
    const link = flows.fleet.linkTo("w1");
    if (link !== undefined) flows.fleet.leaveForGood("w1", link, "goodbye");
    expect([...flows.fleet.lost()].map(({ disconnects }) => disconnects)).toEqual([2]);
  });

  it("a worker's sums do not fall on its link, nor by saying nothing between; they go on after a break", () => {
    const flows = startFlows();
    const first = new ScriptedWorker(flows, "w1");
    const tokens = () => flows.fleet.look("w1")?.load?.process?.generationTokens;
    flows.fleet.beat("w1", load(process(10, 100)));
    flows.fleet.beat("w1", load());
    flows.fleet.beat("w1", load(process(1, 5)));
    expect(tokens()).toBe(100);
    first.die();
    const second = new ScriptedWorker(flows, "w1");
    expect(tokens()).toBeUndefined();
    flows.fleet.beat("w1", load(process(11, 90)));
    expect(tokens()).toBe(100);
    second.die();
    new ScriptedWorker(flows, "w1");
    flows.fleet.beat("w1", load(process(0.5, 2)));
    expect(tokens()).toBe(2);
  });
});
