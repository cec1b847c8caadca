import type { PlacementAction, PlacementState, PlacementWorker } from "@muster/orchestrator/testing";
import type { SimLanes } from "./lanes.ts";
import type { SimAttempt, SimReplica } from "./replica.ts";
import type { SimWorld } from "./world.ts";

/** Lines that a lane shows of all that wait: what the feeder keeps there. */
const laneWindow = 5000;

/** A model that is on its way onto a desk, or there. */
export interface Loading {
  readonly id: string;
  readonly desk: number;
  readonly action: Extract<PlacementAction, { readonly kind: "load" }>;
  readonly sinceMs: number;
  /** Undefined: not ready yet. */
  replica: SimReplica | undefined;
}

/** The office as placement sees it. By desk: `isLent`, `closed`, `loaded`, `stored`; by model: the others. */
export interface SimFacts {
  readonly world: SimWorld;
  readonly nowMs: number;
  readonly isLent: readonly boolean[];
  readonly closed: readonly PlacementWorker[];
  readonly loaded: readonly ReadonlyMap<string, Loading>[];
  readonly stored: readonly ReadonlySet<string>[];
  readonly lanes: readonly SimLanes[];
  readonly running: readonly { readonly people: number; readonly lines: number }[];
  readonly serviceMs: readonly (number | undefined)[];
}

export function placementState(facts: SimFacts): PlacementState {
  const { world, nowMs, lanes, running, serviceMs } = facts;
  const workers = world.desks.map(({ worker }, desk): PlacementWorker => {
    const closed = facts.closed[desk];
    if (facts.isLent[desk] !== true && closed !== undefined) return closed;
    const replicas = [...(facts.loaded[desk]?.values() ?? [])].map(replicaOf);
    return { ...worker, replicas, stored: facts.stored[desk] ?? new Set() };
  });
  const demand = world.models.map(({ id }, model) => {
    const lane = lanes[model];
    const oldest = lane?.oldestSinceMs();
    return {
      model: id,
      interactiveWaiting: lane?.peopleWaiting ?? 0,
      interactiveRunning: running[model]?.people ?? 0,
      batchWaiting: Math.min(laneWindow, lane?.linesWaiting ?? 0),
      batchRunning: running[model]?.lines ?? 0,
      oldestWaitMs: oldest === undefined ? 0 : nowMs - oldest,
      serviceMs: serviceMs[model],
      lastAskedAtMs: nowMs,
      slotsElsewhere: 0,
    };
  });
  return { workers, models: world.models, demand, nowMs };
}

function replicaOf({ id, action, replica, sinceMs }: Loading): PlacementWorker["replicas"][number] {
  const { model, variant, slots, contextTokens, vramBytes, ramBytes, device } = action;
  return {
    ...{ id, model, variant: variant.id, slots, contextTokens, vramBytes, ramBytes, device, sinceMs },
    state: replica === undefined ? "loading" : "ready",
    slotsUsed: replica?.attempts.size ?? 0,
    isFixed: false,
    isHeldBack: false,
    isRetiring: replica?.isRetiring ?? false,
    lastUsedAtMs: replica?.lastUsedAtMs ?? sinceMs,
  };
}

/** The line of a model that has run for the shortest time: the least is lost with it. */
export function youngestLine(
  loaded: readonly ReadonlyMap<string, Loading>[],
  model: number,
): { readonly replica: SimReplica; readonly attempt: SimAttempt } | undefined {
  let youngest: { readonly replica: SimReplica; readonly attempt: SimAttempt } | undefined;
  for (const desk of loaded) {
    for (const { replica } of desk.values()) {
      if (replica === undefined || replica.model !== model || replica.isRetiring) continue;
      for (const attempt of replica.attempts) {
        if (attempt.request.isInteractive) continue;
        if (youngest === undefined || attempt.startedAtMs > youngest.attempt.startedAtMs) {
          youngest = { replica, attempt };
        }
      }
    }
  }
  return youngest;
}

/** Tokens by model, with what has been written of answers that are not done. */
export function withHalfDone(
  done: readonly number[],
  loaded: readonly ReadonlyMap<string, Loading>[],
  nowMs: number,
): number[] {
  const tokens = [...done];
  for (const { replica } of loaded.flatMap((desk) => [...desk.values()])) {
    if (replica === undefined) continue;
    for (const attempt of replica.attempts) {
      tokens[replica.model] = (tokens[replica.model] ?? 0) + replica.writtenFor(attempt, nowMs);
    }
  }
  return tokens;
}
