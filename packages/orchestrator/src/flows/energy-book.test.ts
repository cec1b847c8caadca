import type { MachineLoad } from "@muster/base";
import { describe, expect, it } from "vitest";
import { EnergyBook } from "./energy-book.ts";
import { ScriptedWorker, startFlows, submit } from "./flows.fixture.ts";
import { testWorkerLook } from "./worker-look.fixture.ts";

const drawing = (cpuWatts: number): MachineLoad => ({ freeRamBytes: 1, cpuLoad: 0, cpuWatts });

/** The flows, with a book that hears of beats and answers as in the composition. */
function startBook() {
  const flows = startFlows();
  const book = new EnergyBook({ clock: flows.clock, heartbeatIntervalMs: 2_000 });
  flows.attempts.onFinished((workerId, usage) => book.answered(workerId, usage));
  flows.fleet.notify({
    capacityChanged: (model) => flows.lanes.adjust(model),
    workerBeat: (workerId) => {
      const worker = flows.fleet.look(workerId);
      if (worker !== undefined) book.beat(worker);
    },
  });
  const beat = (watts: number) => flows.fleet.beat("w1", drawing(watts));
  return { flows, book, beat };
}

describe("the energy book", () => {
  it("sets an answer's tokens against what its worker drew meanwhile", async () => {
    const { flows, book, beat } = startBook();
    const worker = new ScriptedWorker(flows, "w1");
    beat(100);
    flows.clock.advance(2_000);
    beat(100);
    const { done } = await submit(flows);
    const assign = await worker.untilAssigned(1);
    flows.clock.advance(2_000);
    beat(300);
    const usage = { promptTokens: 50, cachedTokens: 10, completionTokens: 20 };
    worker.end(assign, { kind: "finished", reason: "stop", usage, timings: { prefillMs: 1, decodeMs: 1 } });
    await done;
    flows.clock.advance(2_000);
    beat(100);
    expect(book.of("w1")).toMatchObject({
      ...{ joules: 200 + 400 + 400, workingJoules: 800, idleWatts: 100 },
      ...{ promptTokens: 50, completionTokens: 20, measuredTokens: 60, lentMs: 6_000 },
    });
  });

  it("does not count the time that a worker was away, and goes on when it is back", () => {
    const { flows, book, beat } = startBook();
    const first = new ScriptedWorker(flows, "w1");
    beat(100);
    first.die();
    flows.clock.advance(3_600_000);
    new ScriptedWorker(flows, "w1");
    beat(100);
    flows.clock.advance(1_000);
    beat(100);
    expect(book.of("w1")).toMatchObject({ joules: 100, lentMs: 1_000 });
  });

  it("remembers so many workers, and forgets the one that was heard of longest ago", () => {
    const { flows, book } = startBook();
    for (let at = 0; at <= 1_024; at++) book.beat(testWorkerLook({ id: `w${at}`, load: drawing(1) }));
    flows.clock.advance(1_000);
    expect(book.all()).toHaveLength(1_024);
    expect([book.of("w0").last, book.of("w1").last?.watts]).toEqual([undefined, 1]);
  });
});
