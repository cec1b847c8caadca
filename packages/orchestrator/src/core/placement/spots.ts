import { BestFirst } from "./best-first.ts";
import { expectedLoadMs, expectedThroughput, expectedTokensPerSecond } from "./expected-speed.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import type { ModelCase } from "./model-case.ts";
import { type Budget, firstFit, lastResort } from "./replica-shapes.ts";
import type { Held, Room } from "./room.ts";
import type { Shape } from "./shape.ts";

/** Somewhere a model could be loaded. */
export interface Spot {
  readonly room: Room;
  readonly shape: Shape;
  /** More is better. */
  readonly score: number;
}

/** `gpu`: all of it on GPUs. `rest`: a last resort. */
export type SpotKind = "gpu" | "rest";

export interface SpotWish {
  readonly rooms: readonly Room[];
  readonly kind: SpotKind;
  /** Only where nothing else is asked for: two that share a worker do no more than one. */
  readonly isAlone: boolean;
}

/** A load pays off over this time: what it takes to get there is lost. */
const payOffMs = 30 * 60_000;
const nobody: readonly Held[] = [];
/** What a smaller variant, less context, and memory left over are worth. */
const weights = { variant: 0.85, lessContext: 0.7, leftOver: 0.85 };

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
  const ladder = one.ladder(budget.gpus);
  if (budget.vramBytes < ladder.leastVramBytes) return undefined;
  return firstFit(one.model, ladder, { worker, budget, nowMs });
}

/**
 * Fast workers that hold the file, are likely to stay and are filled well by it come first. Speed counts by its root: a
 * small model does not take the largest card for being a little faster there.
 */
export function spotScore(
  plan: FleetPlan,
  { model }: ModelCase,
  { room, shape, gone = nobody }: { room: Room; shape: Shape; gone?: readonly Held[] },
): number {
  const { worker, whole } = room;
  const alone = expectedThroughput(expectedTokensPerSecond(room.speeds, shape), shape.slots);
  const throughput = alone / (1 + sharersOf(plan, room, gone));
  const lostShare = Math.min(0.9, expectedLoadMs(worker, shape.variant) / payOffMs);
  const left =
    shape.device === "cpu"
      ? 1 - shape.ramBytes / Math.max(1, whole.ramBytes)
      : 1 - shape.vramBytes / Math.max(1, whole.vramBytes);
  // However unlikely it is to stay, it is better than nothing.
  const staying = Math.max(0.01, worker.staying);
  return (
    Math.sqrt(throughput) *
    staying *
    (1 - lostShare) *
    (1 - weights.leftOver * left) *
    weights.variant ** shape.rank *
    (shape.contextTokens < model.contextTokens ? weights.lessContext : 1)
  );
}

/** Others there that are asked for: they take their part of the speed. */
export function sharersOf(plan: FleetPlan, room: Room, gone: readonly Held[]): number {
  let sharers = 0;
  for (const held of room.replicas) {
    const one = plan.caseOf(held.model);
    if (one !== undefined && one.wantedTotal > 0 && !gone.includes(held)) sharers += 1;
  }
  return sharers;
}

/** Never two replicas of one model on one worker: more slots in one serve better. */
export function mayHold(room: Room, one: ModelCase): boolean {
  return room.mayLoad && !one.awaited.has(room) && !room.has(one.model.id);
}

/** The spots of one model in what is free now. Rooms that change are looked at again when their turn comes. */
export class FreeSpots {
  readonly #plan: FleetPlan;
  readonly #case: ModelCase;
  readonly #kind: SpotKind;
  readonly #isAlone: boolean;
  readonly #rooms: readonly Room[];
  // In the order of rooms; no shape: the model does not fit there.
  readonly #shapes: (Shape | undefined)[] = [];
  readonly #scores: number[] = [];
  readonly #versions: number[] = [];
  readonly #order = new BestFirst(this.#scores);

  constructor(plan: FleetPlan, one: ModelCase, { rooms, kind, isAlone }: SpotWish) {
    this.#plan = plan;
    this.#case = one;
    this.#kind = kind;
    this.#isAlone = isAlone;
    this.#rooms = rooms;
    for (let index = 0; index < rooms.length; index++) this.#look(index);
  }

  /** Looks again wherever something has changed: memory has been freed since. */
  refresh(): void {
    for (let index = 0; index < this.#rooms.length; index++) {
      if (this.#versions[index] === this.#rooms[index]?.version) continue;
      // What is in the order already is looked at when its turn comes.
      if (this.#shapes[index] === undefined) this.#look(index);
    }
  }

  /** The best one. */
  take(): Spot | undefined {
    for (;;) {
      const index = this.#order.takeFirst();
      if (index === undefined) return undefined;
      const room = this.#rooms[index];
      const shape = this.#shapes[index];
      const score = this.#scores[index] ?? 0;
      if (room !== undefined && shape !== undefined && this.#versions[index] === room.version) {
        this.#shapes[index] = undefined;
        return { room, shape, score };
      }
      this.#look(index);
    }
  }

  #look(index: number): void {
    const room = this.#rooms[index];
    if (room === undefined) return;
    const shape = this.#fit(room);
    this.#shapes[index] = shape;
    this.#scores[index] = shape === undefined ? 0 : spotScore(this.#plan, this.#case, { room, shape });
    this.#versions[index] = room.version;
    if (shape !== undefined) this.#order.add(index);
  }

  #fit(room: Room): Shape | undefined {
    if (!mayHold(room, this.#case)) return undefined;
    if (this.#isAlone && sharersOf(this.#plan, room, nobody) > 0) return undefined;
    return fitIn(this.#plan, this.#case, { room, budget: room.free, kind: this.#kind });
  }
}
