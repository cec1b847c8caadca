import { expectedLoadMs, expectedThroughput, expectedTokensPerSecond } from "./expected-speed.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import type { PlacementModel } from "./fleet-state.ts";
import type { ModelCase } from "./model-case.ts";
import { type Budget, firstFit, lastResort, type Shape } from "./replica-shapes.ts";
import type { Room } from "./room.ts";

/** Somewhere a model could be loaded. */
export interface Spot {
  readonly room: Room;
  readonly shape: Shape;
  /** More is better. */
  readonly score: number;
}

/** `gpu`: all of it on GPUs. `rest`: a last resort. */
export type SpotKind = "gpu" | "rest";

/** A load pays off over this time: what it takes to get there is lost. */
const payOffMs = 30 * 60_000;
/** What a smaller variant, less context, and memory left over are worth. */
const weights = { variant: 0.85, lessContext: 0.7, leftOver: 0.6 };

/** What of a model a room could take within a budget. */
export function fitIn(
  plan: FleetPlan,
  one: ModelCase,
  at: { readonly room: Room; readonly budget: Budget; readonly kind: SpotKind },
): Shape | undefined {
  const { room, budget, kind } = at;
  const { nowMs, policy } = plan;
  const { worker } = room;
  if (kind === "rest") return lastResort(one.model, { worker, budget, nowMs, policy });
  if (room.whole.vramBytes <= 0) return undefined;
  return firstFit(one.model, one.ladder(budget.gpus), { worker, budget, nowMs });
}

/**
 * Fast workers that hold the file, are likely to stay and are filled well by it come first. Speed counts by its root: a
 * small model does not take the largest card for being a little faster there.
 */
export function spotScore(model: PlacementModel, room: Room, shape: Shape): number {
  const { worker, whole } = room;
  const throughput = expectedThroughput(expectedTokensPerSecond(worker, shape), shape.slots);
  const lostShare = Math.min(0.9, expectedLoadMs(worker, shape.variant) / payOffMs);
  const left =
    shape.device === "cpu"
      ? 1 - shape.ramBytes / Math.max(1, whole.ramBytes)
      : 1 - shape.vramBytes / Math.max(1, whole.vramBytes);
  return (
    Math.sqrt(throughput) *
    worker.staying *
    (1 - lostShare) *
    (1 - weights.leftOver * left) *
    weights.variant ** shape.rank *
    (shape.contextTokens < model.contextTokens ? weights.lessContext : 1)
  );
}

/** Never two replicas of one model on one worker: more slots in one serve better. */
export function mayHold(room: Room, one: ModelCase): boolean {
  const { id } = one.model;
  return room.mayLoad && !one.awaited.has(room) && !room.has(id) && !room.turnedOver.has(id);
}

/** The spots of one model in what is free now, best first. Rooms that have changed are looked at again when their turn comes. */
export class FreeSpots {
  readonly #plan: FleetPlan;
  readonly #case: ModelCase;
  readonly #kind: SpotKind;
  /** Best last. */
  readonly #found: (Spot & { readonly version: number; readonly order: number })[] = [];

  constructor(
    plan: FleetPlan,
    one: ModelCase,
    { rooms, kind }: { readonly rooms: readonly Room[]; readonly kind: SpotKind },
  ) {
    this.#plan = plan;
    this.#case = one;
    this.#kind = kind;
    for (const [order, room] of rooms.entries()) {
      const spot = this.#look(room);
      if (spot !== undefined) this.#found.push({ ...spot, version: room.version, order });
    }
    this.#found.sort(worstFirst);
  }

  take(): Spot | undefined {
    for (;;) {
      const best = this.#found.pop();
      if (best === undefined) return undefined;
      const { room, order, version } = best;
      if (room.version === version) return best;
      const spot = this.#look(room);
      if (spot !== undefined) this.#insert({ ...spot, version: room.version, order });
    }
  }

  #look(room: Room): Spot | undefined {
    if (!mayHold(room, this.#case)) return undefined;
    const shape = fitIn(this.#plan, this.#case, { room, budget: room.budget(), kind: this.#kind });
    return shape && { room, shape, score: spotScore(this.#case.model, room, shape) };
  }

  #insert(spot: Spot & { readonly version: number; readonly order: number }): void {
    let low = 0;
    let high = this.#found.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#found[middle];
      if (there !== undefined && worstFirst(there, spot) < 0) low = middle + 1;
      else high = middle;
    }
    this.#found.splice(low, 0, spot);
  }
}

function worstFirst(
  a: { readonly score: number; readonly order: number },
  b: { readonly score: number; readonly order: number },
): number {
  return a.score - b.score || b.order - a.order;
}
