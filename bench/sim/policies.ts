import {
  chooseReplica,
  defaultPlacementPolicy,
  explainFit,
  type PlacementAction,
  type PlacementState,
  place,
} from "@muster/orchestrator/testing";
import type { SimReplica } from "./replica.ts";
import type { SimRequest } from "./world.ts";

/** What is compared: who decides what is loaded where, and who takes a request. */
export interface SimPolicy {
  readonly name: string;
  place(state: PlacementState): readonly PlacementAction[];
  /** Of those with a free slot. */
  route(free: readonly SimReplica[], request: SimRequest): SimReplica | undefined;
}

const anything = { avoid: new Set<string>(), needs: new Set<never>() };

/** The one place that knows how Muster is asked for a replica. */
function musterRoute(free: readonly SimReplica[], request: SimRequest): SimReplica | undefined {
  const candidates = free.map((replica) => ({
    workerId: replica.id,
    replicaId: replica.id,
    slots: replica.slots,
    slotsUsed: replica.attempts.size,
    isAccepting: true,
    capabilities: new Set<never>(),
    decodeTokensPerSecond: replica.tokensPerSecond,
    contention: 0.4,
    replica,
  }));
  const wanted = { ...anything, promptTokens: 0, answerTokens: request.work };
  const choice = chooseReplica(candidates, wanted);
  return choice.kind === "assign" ? choice.replica.replica : undefined;
}

function leastConnections(free: readonly SimReplica[]): SimReplica | undefined {
  let best: SimReplica | undefined;
  for (const replica of free)
    if (best === undefined || replica.attempts.size < best.attempts.size) best = replica;
  return best;
}

/** One model for each worker that has none, as long as it is lent: the next that is asked for and fits. */
function oneEach(next: (count: number) => number) {
  return (state: PlacementState): readonly PlacementAction[] => {
    const { nowMs } = state;
    const actions: PlacementAction[] = [];
    const asked = new Set(
      state.demand
        .filter(
          (one) => one.interactiveWaiting + one.batchWaiting + one.interactiveRunning + one.batchRunning > 0,
        )
        .map(({ model }) => model),
    );
    const models = state.models.filter(({ id }) => asked.has(id));
    for (const worker of state.workers) {
      if (!worker.isOpen || worker.replicas.length > 0 || models.length === 0) continue;
      const from = next(models.length);
      for (let step = 0; step < models.length; step++) {
        const model = models[(from + step) % models.length];
        if (model === undefined) continue;
        const fit = explainFit(model, worker, { policy: defaultPlacementPolicy, nowMs });
        if (fit.kind !== "fits" || fit.shape.device !== "gpu") continue;
        actions.push({ kind: "load", workerId: worker.id, model: model.id, reason: "", ...fit.shape });
        break;
      }
    }
    return actions;
  };
}

function inTurn(): (count: number) => number {
  let turn = 0;
  return (count) => turn++ % count;
}

export function simPolicies(random: () => number): readonly SimPolicy[] {
  const draw = (count: number) => Math.floor(random() * count);
  const turn = inTurn();
  const roundRobin = (free: readonly SimReplica[]) => free[turn(free.length)];
  const muster = (state: PlacementState) => place(state, defaultPlacementPolicy).actions;
  return [
    { name: "muster", place: muster, route: musterRoute },
    { name: "muster's placement, round robin", place: muster, route: roundRobin },
    { name: "round robin", place: oneEach(inTurn()), route: roundRobin },
    { name: "least connections", place: oneEach(inTurn()), route: leastConnections },
    { name: "random", place: oneEach(draw), route: (free) => free[draw(free.length)] },
  ];
}
