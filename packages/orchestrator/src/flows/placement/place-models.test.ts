import { ManualClock, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { testIdentity, testReplica } from "../../core/fleet/worker.fixture.ts";
import type { Replica } from "../../core/fleet/worker.ts";
import {
  defaultPlacementPolicy,
  type LoadAction,
  type PlacementAction,
  type PlacementState,
  type PlacementVariant,
} from "../../core/placement/fleet-state.ts";
import type { WorkerCommand, WorkerLink } from "../../ports/worker-link.ts";
import { FleetRegistry } from "../fleet-registry.ts";
import { DemandBook } from "./demand-book.ts";
import { ModelPlacer } from "./place-models.ts";

const variant: PlacementVariant = {
  id: "q4",
  uri: "hf:o/r/m.gguf",
  sha256: "a".repeat(64),
  fileBytes: 100,
  profile: {
    ...{ architecture: "llama", weightsBytes: 100, hostWeightsBytes: 0, layers: 2, kvBytesPerToken: 1 },
    ...{ kvWindowBytesPerToken: 0, windowTokens: 0, stateBytesPerSlot: 0, embeddingLength: 8 },
    ...{ vocabularySize: 8, maxContextTokens: 4096 },
  },
};

const load = (change: Partial<LoadAction> = {}): LoadAction => ({
  ...{ kind: "load", workerId: "w1", model: "m", variant, slots: 4, contextTokens: 2048, device: "gpu" },
  ...{ gpuLayers: undefined, vramBytes: 120, ramBytes: 10, reason: "asked for" },
  ...change,
});

/** A placer whose plans are what the test says, over one worker that takes orders. */
function start() {
  const clock = new ManualClock();
  const fleet = new FleetRegistry({ clock, log: silentLog });
  const plans: PlacementAction[][] = [];
  const states: PlacementState[] = [];
  const commands: WorkerCommand[] = [];
  const acted: PlacementAction[] = [];
  const link: WorkerLink = { send: (command) => commands.push(command) > 0, supersede() {}, close() {} };
  const demand = new DemandBook({
    clock,
    requests: () => new Map(),
    lines: () => new Map(),
    elsewhere: () => new Map(),
    slotsElsewhere: () => 0,
    comingElsewhere: () => 0,
  });
  let replicas = 0;
  const placer = new ModelPlacer({
    ...{ fleet, demand, clock, log: silentLog },
    models: () => [],
    place: (state) => {
      states.push(state);
      return { actions: plans.shift() ?? [], unmet: [] };
    },
    runnable: () => () => ({ kind: "no", reason: "a test", isForNow: false }),
    report: () => [],
    policy: defaultPlacementPolicy,
    isOn: true,
    staying: () => 1,
    newReplicaId: () => `rep-${++replicas}`,
    acted: (action) => acted.push(action),
  });
  fleet.notify({ fleetChanged: () => placer.poke() });
  fleet.join(testIdentity({ takesPlacement: true }), link);
  const report = (change: Partial<Replica>) =>
    fleet.reportReplica("w1", testReplica({ id: "rep-1", variant: "q4", ...change }));
  /** Looks once with this plan. */
  const plan = (...actions: PlacementAction[]) => {
    plans.push(actions);
    clock.advance(1_000);
  };
  placer.start();
  return {
    clock,
    fleet,
    link,
    placer,
    commands,
    acted,
    states,
    report,
    plan,
    last: () => states.at(-1)?.workers[0],
  };
}

describe("the placer", () => {
  it("orders what is planned, with everything that the worker needs to know", () => {
    const { plan, commands, acted } = start();
    plan(load({ device: "partial", gpuLayers: 1 }));
    expect(commands).toEqual([
      {
        ...{ kind: "load", replicaId: "rep-1", modelUri: "hf:o/r/m.gguf", model: "m", slots: 4 },
        ...{ contextTokens: 2048, variant: "q4", sha256: variant.sha256, bytes: 100, gpuLayers: 1 },
        ...{ isCpuOnly: false, projectorUri: undefined },
      },
    ]);
    expect(acted).toHaveLength(1);
  });

  it("counts what was ordered as there before its worker has said a word of it", () => {
    const { plan, last } = start();
    plan(load());
    plan();
    expect(last()?.replicas).toMatchObject([{ id: "rep-1", model: "m", state: "fetching", vramBytes: 120 }]);
  });

  it("takes the memory that was planned for what is loading, and that which is reported once it is ready", () => {
    const { plan, last, report } = start();
    plan(load());
    report({ state: "loading" });
    plan();
    expect(last()?.replicas).toMatchObject([{ vramBytes: 120, ramBytes: 10, isFixed: false }]);
    report({ state: "ready", vramBytes: 130, ramBytes: 11 });
    plan();
    expect(last()?.replicas).toMatchObject([{ vramBytes: 130, ramBytes: 11 }]);
  });

  it("sends away first, and loads once the memory is free", () => {
    const { plan, report, commands, last } = start();
    plan(load());
    report({ state: "ready", ramBytes: 100 });
    const before = last()?.offeredRamBytes ?? 0;
    plan(
      { kind: "unload", workerId: "w1", replicaId: "rep-1", model: "m", reason: "idle" },
      load({ model: "n" }),
    );
    expect(commands.map(({ kind }) => kind)).toEqual(["load", "unload"]);
    plan();
    expect(last()?.replicas).toEqual([]);
    expect(last()?.offeredRamBytes).toBeLessThanOrEqual(before);
    report({ state: "unloaded" });
    plan(load({ model: "n" }));
    expect(commands.map(({ kind }) => kind)).toEqual(["load", "unload", "load"]);
  });

  it("takes away what failed, and remembers it for that worker for a while", () => {
    const { plan, report, commands, last, clock } = start();
    plan(load());
    report({ state: "failed", failure: { code: "model_load_failed", message: "no such file" } });
    plan();
    expect(commands.at(-1)).toEqual({ kind: "unload", replicaId: "rep-1" });
    report({ state: "unloaded" });
    plan();
    expect([...(last()?.failed ?? [])].map(([key]) => key)).toEqual(["m/q4"]);
    expect(last()?.failedBecause?.get("m/q4")).toBe("no such file");
    const first = last()?.failed.get("m/q4") ?? 0;
    expect(first).toBeGreaterThan(clock.nowMs());
  });

  it("takes away what crashes again and again", () => {
    const { plan, report, commands } = start();
    plan(load());
    for (let crash = 0; crash < 3; crash++) {
      report({ state: "crashed" });
      plan();
      report({ state: "loading" });
      plan();
    }
    expect(commands.at(-1)).toEqual({ kind: "unload", replicaId: "rep-1" });
  });

  it("does not load for ever what takes more than was planned", () => {
    const { plan, report, last, clock } = start();
    const untilMs = () => (last()?.failed.get("m/q4") ?? 0) - clock.nowMs();
    const unload = { kind: "unload", workerId: "w1", model: "m", reason: "no" } as const;
    for (const [at, waitMs] of [60_000, 120_000, 240_000].entries()) {
      const replicaId = `rep-${at + 1}`;
      plan(load());
      report({ id: replicaId, state: "ready", vramBytes: 2 ** 60 });
      plan({ ...unload, replicaId, fault: "too-large" });
      report({ id: replicaId, state: "unloaded" });
      plan();
      expect(untilMs()).toBeGreaterThan(waitMs - 5_000);
    }
  });

  it("believes no other worker what it says of a replica", () => {
    const { plan, fleet, link, commands, report } = start();
    plan(load());
    report({ state: "ready" });
    fleet.join(testIdentity({ id: "w2", name: "w2" }), link);
    fleet.reportReplica("w2", testReplica({ id: "rep-1", state: "failed" }));
    plan();
    expect(commands.map(({ kind }) => kind)).toEqual(["load"]);
  });

  it("does not hold it against a model that its worker's owner wants the memory", () => {
    const { plan, report, last } = start();
    plan(load());
    report({ state: "ready", vramBytes: 120, ramBytes: 10 });
    plan({
      kind: "unload",
      workerId: "w1",
      replicaId: "rep-1",
      model: "m",
      reason: "no",
      fault: "too-large",
    });
    plan();
    expect(last()?.failed.size).toBe(0);
  });

  it("gives up an order that a worker never speaks of", () => {
    const { plan, last, clock } = start();
    plan(load());
    clock.advance(25_000);
    plan();
    expect(last()?.replicas).toEqual([]);
    expect(last()?.failed.has("m/q4")).toBe(true);
  });

  it("forgets what was on a worker that left, and does not call it failed", () => {
    const { plan, report, last, fleet, link } = start();
    plan(load());
    report({ state: "ready" });
    plan();
    fleet.leave("w1", link, "gone");
    plan();
    expect(last()).toBeUndefined();
    fleet.join(testIdentity({ takesPlacement: true }), link);
    plan();
    expect(last()).toMatchObject({ replicas: [], isOpen: true });
    expect(last()?.failed.size).toBe(0);
  });

  it("goes on with what it had placed once a broken link is mended: it is nobody's own", () => {
    const { plan, report, last, fleet, link } = start();
    plan(load());
    report({ state: "ready" });
    plan();
    fleet.leave("w1", link, "gone");
    plan();
    fleet.join(testIdentity({ takesPlacement: true }), link);
    report({ state: "ready", vramBytes: 130 });
    plan();
    expect(last()?.replicas).toMatchObject([{ id: "rep-1", isFixed: false, vramBytes: 130 }]);
  });

  it("does not call failed what it ordered just before the link broke", () => {
    const { plan, last, fleet, link, clock } = start();
    plan(load());
    fleet.leave("w1", link, "gone");
    plan();
    fleet.join(testIdentity({ takesPlacement: true }), link);
    clock.advance(25_000);
    plan();
    expect(last()).toMatchObject({ replicas: [] });
    expect(last()?.failed.size).toBe(0);
  });

  it("looks elsewhere at once for one that answers wrongly, and does not load it there again soon", () => {
    const { plan, report, last, fleet, clock } = start();
    plan(load());
    report({ state: "ready" });
    fleet.holdBack("w1", "rep-1", { reason: "asked", isWrong: false });
    plan();
    expect(last()?.replicas).toMatchObject([{ isHeldBack: true, isWrong: false }]);
    expect(last()?.failed.size).toBe(0);
    fleet.holdBack("w1", "rep-1", { reason: "2 + 2 = 5", isWrong: true });
    plan();
    expect(last()?.replicas).toMatchObject([{ isHeldBack: true, isWrong: true }]);
    expect(last()?.failed.get("m/q4")).toBeGreaterThan(clock.nowMs() + 500_000);
    plan();
    expect(last()?.failed.get("m/q4")).toBeLessThan(clock.nowMs() + 600_000);
  });

  it("waits longer each time for what loads and then crashes", () => {
    const { plan, report, last, clock } = start();
    const pauses = [1, 2].map((round) => {
      const id = `rep-${round}`;
      plan(load());
      for (let crash = 0; crash < 3; crash++) {
        report({ id, state: "ready" });
        plan();
        report({ id, state: "crashed" });
        plan();
      }
      report({ id, state: "unloaded" });
      plan();
      return (last()?.failed.get("m/q4") ?? 0) - clock.nowMs();
    });
    expect(pauses[1]).toBeGreaterThan((pauses[0] ?? 0) * 1.5);
  });

  it("sends nothing more to what it sends away", () => {
    const { plan, report, fleet } = start();
    plan(load());
    report({ state: "ready" });
    plan({ kind: "unload", workerId: "w1", replicaId: "rep-1", model: "m", reason: "idle" });
    expect(fleet.slots("m")).toBe(0);
  });

  it("leaves workers alone that are not lent, are draining, or take no placement", () => {
    const { plan, last, fleet } = start();
    plan();
    expect(last()?.isOpen).toBe(true);
    fleet.setAvailability("w1", { state: "owner_here", reason: "", policy: "owner-away" });
    plan();
    expect(last()?.isOpen).toBe(false);
    fleet.setAvailability("w1", { state: "lending", reason: "", policy: "owner-away" });
    fleet.markDraining("w1");
    plan();
    expect(last()?.isOpen).toBe(false);
  });

  it("treats replicas that it has not ordered as their owner's", () => {
    const { plan, last, report } = start();
    report({ id: "own", state: "ready", isFixed: false, variant: undefined });
    plan();
    expect(last()?.replicas).toMatchObject([{ id: "own", isFixed: true }]);
  });

  it("lets a replica end what it runs before another takes its place", () => {
    const { plan, report, last, fleet, commands } = start();
    plan(load());
    report({ state: "ready" });
    expect(fleet.slots("m")).toBe(2);
    plan({
      kind: "retire",
      workerId: "w1",
      replicaId: "rep-1",
      model: "m",
      isUrgent: false,
      reason: "n waits",
    });
    expect(fleet.slots("m")).toBe(0);
    expect(commands.map(({ kind }) => kind)).toEqual(["load"]);
    plan();
    expect(last()?.replicas).toMatchObject([{ isRetiring: true, isHeldBack: false }]);
  });

  it("says how far a model is that somebody waits for", () => {
    const { plan, report, placer } = start();
    expect(placer.comingUp("m")).toBeUndefined();
    plan(load());
    expect(placer.comingUp("m")?.says).toBe("ordering m");
    report({ state: "fetching", progress: 0.4 });
    expect(placer.comingUp("m")?.says).toBe("fetching m (40 %)");
    report({ state: "ready" });
    expect(placer.comingUp("m")).toBeUndefined();
  });

  it("waits for nothing on a worker that has left, is away, or answers wrongly", () => {
    const { plan, report, placer, fleet, link } = start();
    plan(load());
    report({ state: "loading", progress: 0.5 });
    plan();
    expect(placer.coming()).toEqual(new Map([["m", 2]]));
    fleet.setAvailability("w1", { state: "owner_here", reason: "", policy: "owner-away" });
    expect(placer.comingUp("m")).toBeUndefined();
    fleet.setAvailability("w1", { state: "lending", reason: "", policy: "owner-away" });
    expect(placer.comingUp("m")?.says).toBe("loading m (50 %)");
    report({ state: "ready" });
    fleet.holdBack("w1", "rep-1", { reason: "asked", isWrong: false });
    expect(placer.comingUp("m")?.says).toBe("checking m");
    fleet.holdBack("w1", "rep-1", { reason: "2 + 2 = 5", isWrong: true });
    expect(placer.comingUp("m")).toBeUndefined();
    expect(placer.coming().size).toBe(0);
    fleet.holdBack("w1", "rep-1", undefined);
    fleet.leave("w1", link, "gone");
    expect(placer.comingUp("m")).toBeUndefined();
  });
});
