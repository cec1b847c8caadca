import type { PlacementAction, PlacementReplica, PlacementState, PlacementWorker } from "./fleet-state.ts";

/** The state once a plan's actions have been carried out: loads are under way. */
export function applyPlan(state: PlacementState, actions: readonly PlacementAction[]): PlacementState {
  const workers = state.workers.map((worker) =>
    actions
      .filter(({ workerId }) => workerId === worker.id)
      .reduce(
        (changed, action, index) => applyAction(changed, action, { index, nowMs: state.nowMs }),
        worker,
      ),
  );
  return { ...state, workers };
}

function applyAction(
  worker: PlacementWorker,
  action: PlacementAction,
  { index, nowMs }: { readonly index: number; readonly nowMs: number },
): PlacementWorker {
  const { replicas } = worker;
  switch (action.kind) {
    case "unload":
      return { ...worker, replicas: replicas.filter(({ id }) => id !== action.replicaId) };
    case "retire":
      return {
        ...worker,
        replicas: replicas.map((replica) =>
          replica.id === action.replicaId ? { ...replica, isRetiring: true } : replica,
        ),
      };
    case "load": {
      const { model, slots, contextTokens, vramBytes, ramBytes, device } = action;
      const replica: PlacementReplica = {
        ...{ id: `${worker.id}-loaded-${index}`, model, variant: action.variant.id, state: "fetching" },
        ...{ slots, slotsUsed: 0, contextTokens, vramBytes, ramBytes, device },
        ...{ isFixed: false, isHeldBack: false, isRetiring: false, sinceMs: nowMs, lastUsedAtMs: 0 },
      };
      return { ...worker, replicas: [...replicas, replica] };
    }
    default:
      return action satisfies never;
  }
}
