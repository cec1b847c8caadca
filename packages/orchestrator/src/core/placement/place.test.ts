import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyPlan } from "./apply-plan.fixture.ts";
import { explainFit } from "./explain-fit.ts";
import { anyFleet } from "./fleet.arbitrary.fixture.ts";
import {
  type PlacementState,
  type PlacementWorker,
  defaultPlacementPolicy as policy,
} from "./fleet-state.ts";
import { hasLabels } from "./labels.ts";
import { place } from "./place.ts";
import { fitsMemory } from "./replica-shapes.ts";
import { wholeBudget } from "./room.ts";

const runs = { numRuns: 300 };

/** Memory that is taken of a worker, with what has failed and is not the owner's left out: it has given all back. */
function isOverOffer(worker: PlacementWorker): boolean {
  const held = worker.replicas.filter(
    ({ state, isFixed }) => state !== "unloaded" && (state !== "failed" || isFixed),
  );
  const vramBytes = held.reduce((sum, replica) => sum + replica.vramBytes, 0);
  const ramBytes = held.reduce((sum, replica) => sum + replica.ramBytes, 0);
  const [first] = held;
  if (first === undefined) return false;
  const budget = wholeBudget(worker);
  return vramBytes > budget.vramBytes || ramBytes + (budget.isUnified ? vramBytes : 0) > budget.ramBytes;
}

function workerIn(state: PlacementState, id: string): PlacementWorker {
  const worker = state.workers.find((one) => one.id === id);
  if (worker === undefined) throw new Error(`The plan names ${id}, which there is not.`);
  return worker;
}

describe("place", () => {
  it("never loads over the memory that is offered, whatever else is there, step by step", () => {
    fc.assert(
      fc.property(anyFleet, (state) => {
        const { actions } = place(state, policy);
        for (const [index, action] of actions.entries()) {
          if (action.kind !== "load") continue;
          const after = applyPlan(state, actions.slice(0, index + 1));
          expect(isOverOffer(workerIn(after, action.workerId))).toBe(false);
        }
      }),
      runs,
    );
  });

  it("gives memory back that is no longer offered, until all but the owner's own replicas fit", () => {
    fc.assert(
      fc.property(anyFleet, (state) => {
        const after = applyPlan(state, place(state, policy).actions);
        for (const worker of after.workers) {
          if (!worker.isOpen || !isOverOffer(worker)) continue;
          const own = { ...worker, replicas: worker.replicas.filter(({ isFixed }) => isFixed) };
          expect(isOverOffer(own)).toBe(true);
        }
      }),
      runs,
    );
  });

  it("changes nothing on a worker that is not open", () => {
    fc.assert(
      fc.property(anyFleet, (state) => {
        for (const { workerId } of place(state, policy).actions) {
          expect(workerIn(state, workerId).isOpen).toBe(true);
        }
      }),
      runs,
    );
  });

  it("loads only where the labels are, the load has not failed lately, and the disk has room", () => {
    fc.assert(
      fc.property(anyFleet, (state) => {
        for (const action of place(state, policy).actions) {
          if (action.kind !== "load") continue;
          const worker = workerIn(state, action.workerId);
          const model = state.models.find(({ id }) => id === action.model);
          expect(hasLabels(worker.labels, model?.requires ?? { no: "model" })).toBe(true);
          expect(worker.failed.has(`${action.model}/${action.variant.id}`)).toBe(false);
          const isStored = worker.stored.has(action.variant.uri);
          expect(isStored || (action.variant.fileBytes ?? 0) <= worker.freeDiskBytes).toBe(true);
        }
      }),
      runs,
    );
  });

  it("unloads what is in use only where its memory is no longer offered, and what the owner chose never", () => {
    fc.assert(
      fc.property(anyFleet, (state) => {
        for (const action of place(state, policy).actions) {
          if (action.kind === "load") continue;
          const worker = workerIn(state, action.workerId);
          const replica = worker.replicas.find(({ id }) => id === action.replicaId);
          expect(replica?.isFixed).toBe(false);
          if (action.kind === "unload" && replica && replica.slotsUsed > 0) {
            expect(isOverOffer(worker)).toBe(true);
          }
        }
      }),
      runs,
    );
  });

  it("keeps pinned replicas while their memory is offered", () => {
    fc.assert(
      fc.property(anyFleet, (state) => {
        const after = applyPlan(state, place(state, policy).actions);
        for (const { id, pin } of state.models) {
          if (pin === undefined) continue;
          const count = (fleet: PlacementState) =>
            fleet.workers
              .filter((worker) => worker.isServing && hasLabels(worker.labels, pin.labels))
              .filter((worker) => !isOverOffer(workerIn(state, worker.id)))
              .flatMap(({ replicas }) => replicas)
              .filter(({ model, state: at }) => model === id && at !== "failed")
              .filter(({ isRetiring, isHeldBack }) => !isRetiring && !isHeldBack).length;
          expect(count(after)).toBeGreaterThanOrEqual(Math.min(pin.replicas, count(state)));
        }
      }),
      runs,
    );
  });

  it("gives the same plan for the same fleet in any order", () => {
    fc.assert(
      fc.property(anyFleet, (state) => {
        const turned: PlacementState = {
          ...state,
          workers: state.workers
            .toReversed()
            .map((worker) => ({ ...worker, replicas: worker.replicas.toReversed() })),
          models: state.models.toReversed(),
          demand: state.demand.toReversed(),
        };
        expect(place(turned, policy)).toEqual(place(state, policy));
      }),
      runs,
    );
  });

  it("has nothing more to do once its plan is carried out", () => {
    fc.assert(
      fc.property(anyFleet, (state) => {
        const { actions } = place(state, policy);
        let after = applyPlan(state, actions);
        // Who had to give way is served last, once: it may find something in the next plan.
        const hasEndedTurn = actions.some(({ kind, reason }) => kind === "unload" && reason.includes("turn"));
        if (hasEndedTurn) after = applyPlan(after, place(after, policy).actions);
        expect(place(after, policy).actions).toEqual([]);
      }),
      runs,
    );
  });

  it("leaves nobody waiting for a model while a worker with nothing loaded could hold it", () => {
    fc.assert(
      fc.property(anyFleet, (state) => {
        const after = applyPlan(state, place(state, policy).actions);
        for (const { model: id, interactiveWaiting, batchWaiting, slotsElsewhere } of state.demand) {
          const model = state.models.find((one) => one.id === id);
          if (model === undefined || interactiveWaiting + batchWaiting === 0 || slotsElsewhere > 0) continue;
          const isThere = after.workers.some(
            (worker) =>
              worker.isServing &&
              worker.replicas.some((replica) => replica.model === id && replica.state !== "failed"),
          );
          if (isThere) continue;
          for (const worker of after.workers) {
            if (!worker.isOpen || worker.replicas.length > 0) continue;
            const fit = explainFit(model, worker, { policy, nowMs: state.nowMs });
            // A last resort may wait for a GPU, and a load leaves a little of the memory free.
            if (fit.kind === "none" || fit.shape.device !== "gpu") continue;
            const whole = wholeBudget(worker);
            const spare = 0.97;
            const most = { ...whole, vramBytes: whole.vramBytes * spare, ramBytes: whole.ramBytes * spare };
            expect(fitsMemory(fit.shape, most)).toBe(false);
          }
        }
      }),
      runs,
    );
  });

  it("says of every model that people wait for either what is done, or why nothing is", () => {
    fc.assert(
      fc.property(anyFleet, (state) => {
        const { actions, unmet } = place(state, policy);
        const after = applyPlan(state, actions);
        for (const { model, interactiveWaiting, slotsElsewhere } of state.demand) {
          if (interactiveWaiting === 0 || slotsElsewhere > 0) continue;
          const isThere = after.workers.some(
            ({ isServing, replicas }) => isServing && replicas.some((replica) => replica.model === model),
          );
          expect(isThere || unmet.some((one) => one.model === model && one.reason.length > 10)).toBe(true);
        }
      }),
      runs,
    );
  });
});
