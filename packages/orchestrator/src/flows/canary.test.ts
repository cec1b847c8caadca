import { Background, silentLog } from "@muster/base";
import type { GoldenPrompt } from "@muster/models";
import { describe, expect, it } from "vitest";
import { createMemoryProvenReplicas } from "../adapters/memory/proven-replicas.ts";
import { type CanaryMode, quarantineMs } from "../core/fleet/canary.ts";
import type { Replica } from "../core/fleet/worker.ts";
import { Canary } from "./canary.ts";
import { replica as anyReplica, ScriptedWorker, startFlows, submit } from "./flows.fixture.ts";

const golden: readonly GoldenPrompt[] = [
  { prompt: "capital of France", expects: ["Paris"], maxTokens: 8 },
  { prompt: "2 + 2", expects: ["4"], maxTokens: 8 },
];
const lending = { state: "lending", reason: "", policy: "owner-away" } as const;
const ownerHere = { ...lending, state: "owner_here" } as const;
const replica = (change: Partial<Replica> = {}) => anyReplica({ slots: 1, engineVersion: "1", ...change });

function start(
  options: {
    readonly mode?: CanaryMode;
    readonly proven?: ReturnType<typeof createMemoryProvenReplicas>;
  } = {},
) {
  const flows = startFlows();
  const { fleet, attempts, clock, lanes } = flows;
  const background = new Background(silentLog);
  let ids = 0;
  const canary = new Canary({
    ...{ fleet, attempts, clock, background, log: silentLog },
    proven: options.proven ?? createMemoryProvenReplicas(),
    goldenFor: () => golden,
    mode: options.mode ?? "on",
    newId: () => `canary-${++ids}`,
  });
  fleet.notify({
    capacityChanged: (model) => lanes.adjust(model),
    workerLost: (...lost) => attempts.workerLost(...lost),
    replicaReady: (...ready) => canary.replicaReady(...ready),
    fleetChanged: (workerId) => canary.fleetChanged(workerId),
  });
  const heldBack = (workerId = "w1") => fleet.worker(workerId)?.replicas[0]?.heldBack;
  /** Answers the next question, number `at` of all that the worker was assigned. */
  const answer = async (worker: ScriptedWorker, at: number, text: string) => {
    const assign = await worker.untilAssigned(at);
    worker.say(assign, 0, text);
    worker.finish(assign);
  };
  return { ...flows, canary, background, heldBack, answer };
}

describe("a replica that becomes ready", () => {
  it("gets work only after it has answered its golden prompts, and its slot is free by then", async () => {
    const flows = start();
    const worker = new ScriptedWorker(flows, "w1", [replica()]);
    expect(flows.heldBack()).toBe("awaiting its golden prompts");
    expect(flows.fleet.slots("m")).toBe(0);
    const asked = await submit(flows);
    await flows.answer(worker, 1, "It is paris.");
    await flows.answer(worker, 2, "4");
    const work = await worker.untilAssigned(3);
    expect(worker.assigned.map(({ attemptId }) => attemptId)).toEqual([
      "canary-1",
      "canary-2",
      asked.requestId,
    ]);
    expect(flows.heldBack()).toBeUndefined();
    worker.finish(work);
    await asked.done;
  });

  it("is not asked again when it comes back, here or after a restart, unless its engine has changed", async () => {
    const proven = createMemoryProvenReplicas();
    const flows = start({ proven });
    const worker = new ScriptedWorker(flows, "w1", [replica()]);
    await flows.answer(worker, 1, "Paris");
    await flows.answer(worker, 2, "4");
    await flows.background.idle();
    worker.die();
    const back = new ScriptedWorker(flows, "w1", [replica()]);
    expect(flows.heldBack()).toBeUndefined();

    const restarted = start({ proven });
    const known = new ScriptedWorker(restarted, "w1", [replica()]);
    await restarted.background.idle();
    expect(restarted.heldBack()).toBeUndefined();
    expect([...back.assigned, ...known.assigned]).toEqual([]);

    const updated = new ScriptedWorker(restarted, "w1", [replica({ engineVersion: "2" })]);
    expect(await updated.untilAssigned(1)).toMatchObject({ replicaId: "rep-1" });
    expect(restarted.heldBack()).toBe("awaiting its golden prompts");
  });

  it("is held back with what it answered, and asked again ten minutes later", async () => {
    const flows = start();
    const worker = new ScriptedWorker(flows, "w1", [replica()]);
    await flows.answer(worker, 1, "Berlin");
    await flows.background.idle();
    expect(flows.heldBack()).toBe("golden prompt 'capital of France' answered 'Berlin'");
    const waiting = await submit(flows, { queueTimeoutMs: 10 * quarantineMs });
    flows.clock.advance(quarantineMs - 1);
    expect(worker.assigned).toHaveLength(1);
    flows.clock.advance(1);
    await flows.answer(worker, 2, "Paris");
    await flows.answer(worker, 3, "4");
    worker.finish(await worker.untilAssigned(4));
    await waiting.done;
    expect(flows.heldBack()).toBeUndefined();
  });

  it("is asked again on demand, and held back meanwhile though it had been proven", async () => {
    const flows = start();
    const worker = new ScriptedWorker(flows, "w1", [replica()]);
    await flows.answer(worker, 1, "Paris");
    await flows.answer(worker, 2, "4");
    await flows.background.idle();
    expect(flows.canary.check("w1", "rep-1")).toBe(true);
    expect(flows.heldBack()).toBe("awaiting its golden prompts");
    await flows.answer(worker, 3, "#####");
    await flows.background.idle();
    expect(flows.heldBack()).toContain("answered '#####'");
    expect(flows.canary.check("w1", "rep-2")).toBe(false);
  });

  it("is not asked where that is switched off", () => {
    const flows = start({ mode: "off" });
    new ScriptedWorker(flows, "w1", [replica()]);
    expect(flows.heldBack()).toBeUndefined();
    expect(flows.fleet.slots("m")).toBe(1);
  });
});

describe("a question without an answer", () => {
  it("is asked again with growing pauses; its slot stays taken until the worker has stopped", async () => {
    const flows = start();
    const worker = new ScriptedWorker(flows, "w1", [replica()]);
    const first = await worker.untilAssigned(1);
    flows.clock.advance(60_000);
    await flows.background.idle();
    expect(flows.heldBack()).toMatch(
      /^awaiting its golden prompts: golden prompt '.*' had no answer within 10 s$/,
    );
    expect(worker.commands.at(-1)).toMatchObject({ kind: "cancel", attemptId: first.attemptId });
    flows.clock.advance(2_000);
    await flows.background.idle();
    expect(flows.heldBack()).toContain("no free slot");
    worker.end(first, { kind: "cancelled" });
    flows.clock.advance(4_000);
    expect(await worker.untilAssigned(2)).toBeDefined();
  });

  it("is asked at once when the owner who had come back goes again", async () => {
    const flows = start();
    const worker = new ScriptedWorker(flows, "w1", [replica()]);
    const assign = await worker.untilAssigned(1);
    flows.fleet.setAvailability("w1", ownerHere);
    worker.end(assign, { kind: "failed", code: "given_back", message: "The owner is here." });
    await flows.background.idle();
    expect(flows.heldBack()).toContain("The owner is here.");
    flows.fleet.setAvailability("w1", lending);
    await flows.answer(worker, 2, "Paris");
    await flows.answer(worker, 3, "4");
    await flows.background.idle();
    expect(flows.heldBack()).toBeUndefined();
  });

  it("is left out where the model cannot take it at all", async () => {
    const flows = start();
    const worker = new ScriptedWorker(flows, "w1", [replica()]);
    const assign = await worker.untilAssigned(1);
    worker.end(assign, { kind: "failed", code: "unsupported", message: "no" });
    await flows.answer(worker, 2, "4");
    await flows.background.idle();
    expect(flows.heldBack()).toBeUndefined();
  });

  it("is a wrong answer where a plain question is refused as a wrong one", async () => {
    const flows = start();
    const worker = new ScriptedWorker(flows, "w1", [replica()]);
    const assign = await worker.untilAssigned(1);
    worker.end(assign, { kind: "failed", code: "invalid_request", message: "bad prompt" });
    await flows.background.idle();
    expect(flows.heldBack()).toBe("golden prompt 'capital of France' was refused: bad prompt");
    expect(flows.fleet.slots("m")).toBe(0);
    flows.clock.advance(quarantineMs);
    await flows.answer(worker, 2, "Paris");
    await flows.answer(worker, 3, "4");
    await flows.background.idle();
    expect(flows.heldBack()).toBeUndefined();
  });

  it.each(["unsupported", "context_length_exceeded"] as const)(
    "proves nothing where every question is refused with %s",
    async (code) => {
      const flows = start();
      const worker = new ScriptedWorker(flows, "w1", [replica()]);
      for (const at of [1, 2])
        worker.end(await worker.untilAssigned(at), { kind: "failed", code, message: "no" });
      await flows.background.idle();
      expect(flows.heldBack()).toBe("golden prompt '2 + 2' was refused: no");
      expect(flows.fleet.slots("m")).toBe(0);
    },
  );

  it("is dropped with its worker, and begun anew when the engine has crashed over it", async () => {
    const flows = start();
    const worker = new ScriptedWorker(flows, "w1", [replica()]);
    const assign = await worker.untilAssigned(1);
    flows.fleet.reportReplica("w1", replica({ state: "crashed" }));
    worker.end(assign, { kind: "failed", code: "engine_crashed", message: "gone" });
    await flows.background.idle();
    flows.fleet.reportReplica("w1", replica());
    await worker.untilAssigned(2);
    worker.die();
    await flows.background.idle();
    flows.clock.advance(quarantineMs);
    expect(worker.assigned).toHaveLength(2);
  });
});
