import { describe, expect, it } from "vitest";
import { applyPlan } from "./apply-plan.fixture.ts";
import { type PlacementState, defaultPlacementPolicy as policy } from "./fleet-state.ts";
import { actionInWords, readFleetText } from "./fleet-text.fixture.ts";
import { place } from "./place.ts";

const desk = "worker desk: gpu 11 GB at 360 GB/s, 24 GB main memory";
const lines = (model: string, waitsS: number) =>
  `demand ${model}: 5000 lines wait, the first for ${waitsS} s, 15 s each`;

const fleet = (...text: string[]) => readFleetText(text.join("\n")).state;
const kinds = (state: PlacementState) =>
  place(state, policy).actions.map((action) =>
    actionInWords(action, state)
      .replace(/[(:].*/, "")
      .trim(),
  );

/** As it is once the last answers of retired replicas are done. */
function answered(state: PlacementState): PlacementState {
  const workers = state.workers.map((worker) => ({
    ...worker,
    replicas: worker.replicas.map((replica) => ({ ...replica, slotsUsed: 0 })),
  }));
  return { ...state, workers };
}

describe("turns of models that share one worker", () => {
  it("begin with retiring, then unload and load in one plan, and the other does not take the room back", () => {
    const first = fleet(
      desk,
      "holds gemma-4-12b/q4_k_m: 2 slots with 2 in use, here for 40 min",
      lines("gemma-4-12b", 900),
      lines("gemma-4-e4b", 300),
    );
    expect(kinds(first)).toEqual(["retire gemma-4-12b q4_k_m on desk"]);
    const retired = applyPlan(first, place(first, policy).actions);
    expect(kinds(retired)).toEqual([]);
    expect(kinds(answered(retired))).toEqual([
      "unload gemma-4-12b q4_k_m on desk",
      "load gemma-4-e4b q8_0 on desk",
    ]);
  });

  it("last long enough for the load to pay off", () => {
    const state = fleet(
      desk,
      "holds gemma-4-12b/q4_k_m: 2 slots with 2 in use, here for 10 min",
      lines("gemma-4-12b", 900),
      lines("gemma-4-e4b", 300),
    );
    expect(kinds(state)).toEqual([]);
  });

  it("end sooner for people: a batch gives way to them after its least stay", () => {
    const state = fleet(
      desk,
      "holds gemma-4-12b/q4_k_m: 2 slots with 2 in use, here for 10 min",
      lines("gemma-4-12b", 900),
      "demand gemma-4-e4b: 1 people wait, the first for 1 s",
    );
    expect(kinds(state)).toEqual(["retire gemma-4-12b q4_k_m on desk"]);
  });

  it("do not end for a batch while people use the replica and have no other", () => {
    const state = fleet(
      desk,
      "holds gemma-4-12b/q4_k_m: 2 slots with 2 in use, here for 40 min",
      "demand gemma-4-12b: 2 people are answered",
      lines("gemma-4-e4b", 300),
    );
    expect(kinds(state)).toEqual([]);
  });

  it("are not needed where somebody idle can go", () => {
    const state = fleet(
      desk,
      "holds gemma-4-12b/q4_k_m: 2 slots with 0 in use, here for 10 min, idle for 2 min",
      "demand gemma-4-e4b: 1 people wait, the first for 1 s",
    );
    expect(kinds(state)).toEqual(["unload gemma-4-12b q4_k_m on desk", "load gemma-4-e4b q8_0 on desk"]);
  });
});

describe("place", () => {
  it("puts a replica of a model on each of several workers, never two on one", () => {
    const state = fleet(
      "worker a: gpu 22.5 GB at 936 GB/s, 48 GB main memory",
      "worker b: gpu 11 GB at 360 GB/s, 24 GB main memory",
      "demand gemma-4-e4b: 40 people wait, the first for 5 s, 20 s each",
    );
    const { actions } = place(state, { ...policy, loadsAtOnce: 3 });
    expect(actions.map(({ workerId }) => workerId).sort()).toEqual(["a", "b"]);
  });

  it("prefers workers that hold the file, and those that are likely to stay", () => {
    const ask = "demand gemma-4-e4b: 1 people wait, the first for 1 s";
    const where = (...text: string[]) => place(fleet(...text, ask), policy).actions[0]?.workerId;
    expect(where(desk, `${desk.replace("desk", "holder")}, has gemma-4-e4b/q8_0`)).toBe("holder");
    expect(where(`${desk}, stays 0.3`, desk.replace("desk", "stayer"))).toBe("stayer");
  });

  it("moves a model to a GPU once there is one", () => {
    const state = fleet(
      "worker lab: 12 GB main memory",
      "holds gemma-4-e4b/q4_k_m: 2 slots with 2 in use, here for 60 min",
      desk,
      "demand gemma-4-e4b: 2 people are answered",
    );
    expect(kinds(state)).toEqual(["load gemma-4-e4b q8_0 on desk"]);
  });

  it("counts one that answers wrongly for nothing, and one that is asked as on its way", () => {
    const state = fleet(
      desk,
      "holds gemma-4-e4b/q8_0: 4 slots with 0 in use, here for 1 min",
      desk.replace("desk", "desk-2"),
      "demand gemma-4-e4b: 1 people wait, the first for 1 s",
    );
    const held = (change: { isWrong: boolean }): PlacementState => ({
      ...state,
      workers: state.workers.map((worker) => ({
        ...worker,
        replicas: worker.replicas.map((replica) => ({ ...replica, isHeldBack: true, ...change })),
      })),
    });
    expect(kinds(held({ isWrong: false }))).toEqual([]);
    expect(kinds(held({ isWrong: true }))).toEqual(["load gemma-4-e4b q8_0 on desk-2"]);
  });

  it("keeps one that took long to load while its first answers are looked at", () => {
    const state = fleet(
      desk,
      "holds gemma-4-e4b/q8_0: 4 slots with 0 in use, here for 30 min",
      "demand gemma-4-e4b: 1 people wait, the first for 900 s",
    );
    const workers = state.workers.map((worker) => ({
      ...worker,
      replicas: worker.replicas.map((replica) => ({
        ...replica,
        ...{ isHeldBack: true, heldBackSinceMs: state.nowMs - 1_000 },
      })),
    }));
    expect(kinds({ ...state, workers })).toEqual([]);
  });

  it("does not load what another orchestrator is making ready", () => {
    const state = fleet(desk, "demand gemma-4-e4b: 1 people wait, the first for 1 s");
    const demand = state.demand.map((one) => ({ ...one, comingElsewhere: 4 }));
    expect(kinds({ ...state, demand })).toEqual([]);
    expect(kinds(state)).toEqual(["load gemma-4-e4b q8_0 on desk"]);
  });
});
