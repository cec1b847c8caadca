import { Background, ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { createStubEngine } from "../adapters/stub/engine.ts";
import type { EndOfAttempt, WorkerSays } from "../core/link-messages.ts";
import type { Engine } from "../ports/engine.ts";
import {
  assignment,
  log,
  noStore,
  ScriptedSession,
  startAssignments,
  startReplica,
  testSpec,
} from "./flows.fixture.ts";
import { GiveWay } from "./give-way.ts";
import { MemoryWatch } from "./watch-memory.ts";

const gib = 1024 ** 3;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Each replica takes 4 GiB of the GPU. */
function hungryEngine(clock: ManualClock): Engine {
  const stub = createStubEngine({ clock });
  return {
    name: "hungry",
    async load(spec, options) {
      const replica = await stub.load(spec, options);
      const info = { ...replica.info, memory: { vramBytes: 4 * gib, ramBytes: 0 } };
      return {
        info,
        exited: replica.exited,
        infer: (request, signal) => replica.infer(request, signal),
        close: () => replica.close(),
      };
    },
  };
}

/** Two replicas: `rep-1` that the owner has chosen, `placed` that was ordered. */
async function start() {
  const clock = new ManualClock();
  const { replicas, reports } = await startReplica(clock, noStore, hungryEngine(clock));
  replicas.add(testSpec({ replicaId: "placed", isFixed: false }));
  await settled();
  const assignments = startAssignments(replicas, clock);
  const session = new ScriptedSession();
  assignments.attach(session);
  const background = new Background(log);
  const giveWay = new GiveWay({ assignments, replicas, background, clock });
  const offered: { vramBytes: number | undefined } = { vramBytes: 8 * gib };
  const readOffered = () => ({ vramBytes: offered.vramBytes, ramBytes: undefined });
  const watch = new MemoryWatch({ replicas, giveWay, readOffered, background, clock, log });
  watch.start();
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      clock.advance(1_000);
      await settled();
      await settled();
    }
  };
  const stop = async () => {
    watch.stop();
    assignments.detach();
    await replicas.closeAll();
  };
  return { replicas, reports, assignments, session, watch, offered, pass, stop };
}

const endOf =
  (attemptId: string) =>
  (said: WorkerSays): said is EndOfAttempt =>
    said.kind === "end" && said.attemptId === attemptId;

describe("a program that needs the GPU's memory", () => {
  it("gets it within five seconds, from what was placed before what was chosen", async () => {
    const { replicas, assignments, session, watch, offered, pass, stop } = await start();
    assignments.assign(assignment("read", "!hang", { replicaId: "placed" }));
    assignments.assign(assignment("line", "!hang", { replicaId: "placed", isWhole: true }));
    offered.vramBytes = 5 * gib;
    await pass(2);
    expect(await session.until(endOf("line"))).toMatchObject({ result: { code: "given_back" } });
    assignments.assign(assignment("late", "go", { replicaId: "placed" }));
    expect(await session.until(endOf("late"))).toMatchObject({ result: { code: "given_back" } });
    await pass(3);
    expect(await session.until(endOf("read"))).toMatchObject({ result: { code: "given_back" } });
    expect(replicas.reports().map(({ replicaId, state }) => [replicaId, state])).toEqual([
      ["rep-1", "ready"],
    ]);
    expect(watch.isMemoryNeeded).toBe(false);
    assignments.assign(assignment("other", "go"));
    expect(await session.until(endOf("other"))).toMatchObject({ result: { kind: "finished" } });
    await stop();
  });

  it("is told to be gone before it is: nothing more is sent there meanwhile", async () => {
    const { reports, assignments, offered, pass, stop } = await start();
    assignments.assign(assignment("read", "!hang", { replicaId: "placed" }));
    offered.vramBytes = 5 * gib;
    await pass(2);
    expect(reports.at(-1)).toMatchObject({ replicaId: "placed", state: "unloaded", vramBytes: 0 });
    expect(assignments.runningCounts()).toEqual({ interactive: 1, batch: 0 });
    await stop();
  });

  it("that only blinks takes nothing", async () => {
    const { replicas, offered, pass, stop } = await start();
    for (let round = 0; round < 3; round++) {
      offered.vramBytes = 0;
      await pass(1);
      offered.vramBytes = 8 * gib;
      await pass(1);
    }
    expect(replicas.reports().map(({ state }) => state)).toEqual(["ready", "ready"]);
    await stop();
  });

  it("finds what the owner has named though it takes what would be kept free, and has to ask for more", async () => {
    const { replicas, offered, pass, stop } = await start();
    await replicas.unload("placed");
    offered.vramBytes = 3.5 * gib;
    await pass(5);
    expect(replicas.reports()).toMatchObject([{ replicaId: "rep-1", state: "ready" }]);
    offered.vramBytes = 2.5 * gib;
    await pass(5);
    expect(replicas.reports()).toMatchObject([{ replicaId: "rep-1", state: "unloaded" }]);
    offered.vramBytes = 3.5 * gib;
    await pass(32);
    expect(replicas.reports()).toMatchObject([{ replicaId: "rep-1", state: "ready" }]);
    await stop();
  });

  it("and takes all of it leaves nothing to lend; what was chosen comes back once there is room for a while", async () => {
    const { replicas, watch, offered, pass, stop } = await start();
    await pass(1);
    offered.vramBytes = gib;
    await pass(5);
    expect(replicas.reports()).toMatchObject([{ replicaId: "rep-1", state: "unloaded" }]);
    expect(watch.isMemoryNeeded).toBe(true);
    offered.vramBytes = 4.2 * gib;
    await pass(60);
    expect(watch.isMemoryNeeded).toBe(true);
    offered.vramBytes = 5 * gib;
    await pass(30);
    expect(watch.isMemoryNeeded).toBe(true);
    await pass(2);
    expect(watch.isMemoryNeeded).toBe(false);
    expect(replicas.reports()).toMatchObject([{ replicaId: "rep-1", state: "ready" }]);
    await stop();
  });
});
