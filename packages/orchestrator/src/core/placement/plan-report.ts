import { expectedLoadMs } from "./expected-speed.ts";
import { explainFit, type FitAnswer } from "./explain-fit.ts";
import { FleetPlan } from "./fleet-plan.ts";
import type { PlacementPolicy, PlacementState, Unmet } from "./fleet-state.ts";
import type { ModelCase } from "./model-case.ts";
import { keepPins } from "./pins.ts";
import type { Room } from "./room.ts";
import { fitIn } from "./spots.ts";
import { NearestWorkers, whyNone } from "./unmet.ts";

/** Where one model could be, on machines with nothing else loaded. */
export interface ModelReport {
  readonly model: string;
  readonly workers: readonly {
    readonly workerId: string;
    readonly name: string;
    /** Whether it is lent now, and placement may use it. */
    readonly isOpen: boolean;
    readonly fit: FitAnswer;
  }[];
}

/** For `muster models plan`. */
export function planReport(state: PlacementState, policy: PlacementPolicy): readonly ModelReport[] {
  const plan = new FleetPlan(state, policy);
  const { nowMs } = state;
  return plan.cases.map((one) => ({
    model: one.model.id,
    workers: plan.rooms.map(({ worker }) => ({
      workerId: worker.id,
      name: worker.name,
      isOpen: worker.isOpen,
      fit: explainFit(one.model, worker, { policy, nowMs, ladder: (gpus) => one.ladder(gpus) }),
    })),
  }));
}

export type CouldRun =
  /** `loadMs` is 0 where a replica is ready. */
  | { readonly kind: "yes"; readonly workerId: string; readonly loadMs: number }
  /** `isForNow`: a worker that is away or busy now could, or nobody is here to ask. */
  | { readonly kind: "no"; readonly reason: string; readonly isForNow: boolean };

/** Whether somebody who asks for the model now will be answered, and after what time to load it at the earliest. */
export function couldRun(state: PlacementState, policy: PlacementPolicy, modelId: string): CouldRun {
  return runnable(state, policy)(modelId);
}

/** As `couldRun`, for many models of one state: what they share is worked out once. */
export function runnable(state: PlacementState, policy: PlacementPolicy): (modelId: string) => CouldRun {
  const plan = new FleetPlan(state, policy);
  keepPins(plan);
  return (modelId) => couldRunIn(plan, modelId);
}

function couldRunIn(plan: FleetPlan, modelId: string): CouldRun {
  const one = plan.caseOf(modelId);
  if (one === undefined) return couldRunUnknown(plan, modelId);
  let best: { readonly workerId: string; readonly loadMs: number } | undefined;
  for (const held of one.replicas) {
    if (held.replica?.state !== "ready" || held.replica.isHeldBack) continue;
    return { kind: "yes", workerId: held.room.worker.id, loadMs: 0 };
  }
  for (const room of one.rooms) {
    const loadMs = readyInMs(plan, one, room);
    if (loadMs !== undefined && (best === undefined || loadMs < best.loadMs)) {
      best = { workerId: room.worker.id, loadMs };
    }
  }
  if (best !== undefined) return { kind: "yes", ...best };
  // A sentence costs a look at all workers, and most of those who ask want no sentence.
  let why: Unmet | undefined;
  const answer = (): Unmet => {
    why ??= whyNone(plan, one, new NearestWorkers(plan));
    return why;
  };
  return {
    kind: "no",
    get reason() {
      return answer().reason;
    },
    get isForNow() {
      return plan.rooms.length === 0 || answer().kind === "now";
    },
  };
}

/** A model that is served without being in the catalogue: somebody has loaded it by hand. */
function couldRunUnknown(plan: FleetPlan, modelId: string): CouldRun {
  const room = plan.rooms.find(({ worker, replicas }) => {
    const serves = [...replicas].some(
      ({ model, replica }) => model === modelId && replica?.state === "ready",
    );
    return worker.isServing && serves;
  });
  if (room !== undefined) return { kind: "yes", workerId: room.worker.id, loadMs: 0 };
  return { kind: "no", reason: `no model "${modelId}" is in the catalogue`, isForNow: false };
}

/** With all gone that does not have to stay. */
function readyInMs(plan: FleetPlan, one: ModelCase, room: Room): number | undefined {
  const { worker, replicas } = room;
  const coming = [...replicas].find((held) => one.replicas.has(held))?.replica;
  if (coming !== undefined) {
    const variant = one.model.variants.find(({ id }) => id === coming.variant);
    const loadMs = variant === undefined ? 0 : expectedLoadMs(worker, variant);
    return Math.max(1000, loadMs - (plan.nowMs - coming.sinceMs));
  }
  if (!worker.isOpen) return undefined;
  const budget = room.freeWithout([...replicas].filter(({ isKept }) => !isKept));
  const shape =
    fitIn(plan, one, { room, budget, kind: "gpu" }) ?? fitIn(plan, one, { room, budget, kind: "rest" });
  return shape && expectedLoadMs(worker, shape.variant);
}
