import { spotThatComes, spotToClear } from "./clear-room.ts";
import { expectedTokensPerSecond } from "./expected-speed.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import type { ModelCase } from "./model-case.ts";
import { isTied, missingPins, pinRooms } from "./pins.ts";
import { firstFit } from "./replica-shapes.ts";
import type { Held, Room } from "./room.ts";
import { FreeSpots, type Spot, type SpotKind } from "./spots.ts";
import { isIdle, isSettled, mayTakeFromOthers, type Need, needs } from "./victims.ts";

/** Replicas on their way out at once: a fleet is turned over by and by. At least so many, and this share of workers. */
const retiring = { least: 2, share: 0.05 };
/** Batches that lack less than this share of what they have are served well enough: a load would gain too little. */
const clearLack = 0.25;

/** Loads what is lacking, the most urgent first; in turn among models with the same need. */
export class LoadPhase {
  readonly #plan: FleetPlan;
  /** Rooms that will be free, and that somebody counts on. */
  readonly #promised = new Set<Room>();
  readonly #onGpu = new Map<ModelCase, boolean>();
  readonly #pinRooms = new Map<ModelCase, readonly Room[]>();
  readonly #spots = new Map<string, FreeSpots>();
  /** Rooms with replicas on their way out, and how many those are. */
  readonly #leaving = new Set<Room>();
  #retiring = 0;
  /** Rooms with replicas that have been there long enough; and those where one of them has nothing to do. */
  #settled: readonly Room[] = [];
  #idle: readonly Room[] = [];
  /** Those where something has nothing to do, however long it has been there: for people who have nothing. */
  #yielding: readonly Room[] = [];

  constructor(plan: FleetPlan) {
    this.#plan = plan;
    for (const room of plan.rooms) {
      for (const { isRetiring } of room.replicas) {
        if (!isRetiring) continue;
        this.#retiring += 1;
        this.#leaving.add(room);
      }
    }
  }

  run(): void {
    for (const spots of this.#spots.values()) spots.refresh();
    const open = this.#plan.rooms.filter((room) => room.mayLoad);
    const having = (rooms: readonly Room[], wanted: (held: Held) => boolean) =>
      rooms.filter((room) => [...room.replicas].some(wanted));
    this.#settled = having(open, (held) => isSettled(this.#plan, held));
    this.#idle = having(
      this.#settled,
      (held) => held.replica?.slotsUsed === 0 && isSettled(this.#plan, held),
    );
    const idle = new Set(this.#idle);
    this.#yielding = open.filter(
      (room) => idle.has(room) || [...room.replicas].some((held) => isIdle(this.#plan, held)),
    );
    for (const need of needs) {
      const waiting = this.#plan.cases.filter(
        (one) => this.lacks(one, need) && !this.#plan.turnsEnded.has(one.model.id),
      );
      while (waiting.length > 0) {
        const one = next(this.#plan, waiting, need);
        const isServed = this.#serve(one, need);
        if (!isServed || !this.lacks(one, need)) waiting.splice(waiting.indexOf(one), 1);
      }
    }
  }

  lacks(one: ModelCase, need: Need): boolean {
    const { demand, wanted, slots } = one;
    if (need === "pin") return missingPins(one) > 0;
    if (demand === undefined) return false;
    switch (need) {
      case "first":
        return one.hasNone && demand.interactiveWaiting > 0;
      case "more":
        return demand.interactiveWaiting > 0 && slots < wanted.interactive;
      case "first-batch":
        return one.hasNone && demand.batchWaiting > 0;
      case "better":
        return one.wantedTotal > 0 && one.awaited.size === 0 && one.elsewhere === 0 && onlyLastResorts(one);
      case "more-batch":
        return demand.batchWaiting > 0 && one.wantedTotal - slots >= Math.max(1, slots * clearLack);
      default:
        return need satisfies never;
    }
  }

  #serve(one: ModelCase, need: Need): boolean {
    const rooms = this.#roomsFor(one, need);
    if (this.#loadFree(one, { need, rooms, kind: "gpu" })) return true;
    if (this.#evict(one, { need, rooms, kind: "gpu" })) return true;
    if (need === "better") return false;
    const mayTake = mayTakeFromOthers(this.#plan, one, need);
    if (mayTake && this.#takeTurn(one, { need, rooms, kind: "gpu" })) return true;
    // Batches wait for a GPU that could hold the model; people do not.
    const isUrgent = need === "pin" || need === "first";
    if (!isUrgent && this.#couldBeOnGpu(one)) return false;
    const rest = { need, rooms, kind: "rest" } as const;
    return this.#loadFree(one, rest) || this.#evict(one, rest) || (mayTake && this.#takeTurn(one, rest));
  }

  #loadFree(one: ModelCase, at: { need: Need; rooms: readonly Room[]; kind: SpotKind }): boolean {
    const isAlone = wantsAlone(at.need);
    const key = `${at.need === "pin"} ${isAlone} ${at.kind} ${one.model.id}`;
    let spots = this.#spots.get(key);
    if (spots === undefined) {
      spots = new FreeSpots(this.#plan, one, { ...at, isAlone });
      this.#spots.set(key, spots);
    }
    const spot = spots.take();
    if (spot !== undefined) this.#load(one, spot, at.need);
    return spot !== undefined;
  }

  #evict(one: ModelCase, at: { need: Need; rooms: readonly Room[]; kind: SpotKind }): boolean {
    const rooms =
      at.need === "pin" ? at.rooms : this.#among(one, at.need === "first" ? this.#yielding : this.#idle);
    const spot = spotToClear(this.#plan, one, {
      ...{ ...at, rooms, isAlone: wantsAlone(at.need), mayBeInUse: false },
    });
    if (spot === undefined) return false;
    for (const held of spot.victims) this.#plan.unload(held, `it is idle, and ${one.model.id} is asked for`);
    this.#load(one, spot, at.need);
    return true;
  }

  /** Counts on a room that is on its way, or has the replicas of another give way. */
  #takeTurn(
    one: ModelCase,
    { need, rooms, kind }: { need: Need; rooms: readonly Room[]; kind: SpotKind },
  ): boolean {
    const plan = this.#plan;
    const coming = spotThatComes(plan, one, {
      rooms: [...this.#leaving].filter((room) => this.#mayCountOn(one, room, rooms)),
      kind,
    });
    if (coming !== undefined) {
      this.#promise(one, coming);
      return true;
    }
    const most = Math.max(retiring.least, Math.floor(plan.rooms.length * retiring.share));
    if (this.#retiring >= most) return false;
    const clearable = need === "pin" ? rooms : this.#among(one, this.#settled);
    const spot = spotToClear(plan, one, {
      ...{ need, rooms: clearable, kind, isAlone: wantsAlone(need), mayBeInUse: true },
    });
    if (spot === undefined) return false;
    const reason = `${one.model.id} has waited for its turn`;
    const inUse = spot.victims.filter(({ replica }) => replica !== undefined && replica.slotsUsed > 0);
    for (const held of spot.victims) {
      if (inUse.includes(held)) plan.retire(held, { isUrgent: need === "first" || need === "more", reason });
      else plan.unload(held, reason);
    }
    if (inUse.length === 0) {
      this.#load(one, spot, need);
      return true;
    }
    this.#retiring += inUse.length;
    this.#leaving.add(spot.room);
    this.#promise(one, spot);
    return true;
  }

  /** Those of a model's rooms where something may be cleared away at all: found once, since most have nothing. */
  #among(one: ModelCase, rooms: readonly Room[]): readonly Room[] {
    if (one.rooms === this.#plan.rooms) return rooms;
    const own = new Set(one.rooms);
    return rooms.filter((room) => own.has(room));
  }

  #mayCountOn(one: ModelCase, room: Room, rooms: readonly Room[]): boolean {
    if (this.#promised.has(room) || !room.worker.isOpen || one.awaited.has(room)) return false;
    return !room.has(one.model.id) && rooms.includes(room);
  }

  #promise(one: ModelCase, { room, shape }: Spot): void {
    this.#promised.add(room);
    room.promise();
    one.await(room, shape.slots);
  }

  #load(one: ModelCase, { room, shape }: Spot, need: Need): void {
    const because = reasonFor(one, need);
    const speed = expectedTokensPerSecond(room.speeds, shape).toFixed(1);
    const reason =
      shape.device === "gpu"
        ? because
        : `${because}; a last resort, since no GPU has the room now: about ${speed} tokens/s with ${
            shape.device === "cpu" ? "the processor alone" : `${shape.gpuLayers} layers on the GPU`
          }`;
    this.#plan.load(one, { room, shape, isPinned: need === "pin", reason });
  }

  #roomsFor(one: ModelCase, need: Need): readonly Room[] {
    if (need !== "pin") return one.rooms;
    const rooms = this.#pinRooms.get(one) ?? pinRooms(one);
    this.#pinRooms.set(one, rooms);
    return rooms;
  }

  /** On some worker that is lent now, once all but what is kept there has gone. */
  #couldBeOnGpu(one: ModelCase): boolean {
    let could = this.#onGpu.get(one);
    if (could === undefined) {
      could = this.#hasGpuFor(one);
      this.#onGpu.set(one, could);
    }
    return could;
  }

  #hasGpuFor(one: ModelCase): boolean {
    const { nowMs } = this.#plan;
    return one.rooms.some((room) => {
      const { worker, whole } = room;
      if (!worker.isOpen || whole.vramBytes <= 0) return false;
      const gone = [...room.replicas].filter(
        (held) => !isTied(this.#plan, held) || held.model === one.model.id,
      );
      const budget = room.freeWithout(gone);
      return firstFit(one.model, one.ladder(budget.gpus), { worker, budget, nowMs }) !== undefined;
    });
  }
}

/**
 * Whose turn it is: pins by id; who has waited longest; else who has least of what it wants. Waiting counts too, and so
 * does how many workers could hold it: the large ones are for models that fit nowhere else.
 */
function next(plan: FleetPlan, waiting: readonly ModelCase[], need: Need): ModelCase {
  const turn = (one: ModelCase): number => {
    if (need === "pin") return 0;
    if (need === "first") return -one.oldestWaitMs;
    const wanted = need === "more" ? one.wanted.interactive : one.wantedTotal;
    const waits = 1 + one.oldestWaitMs / plan.policy.agingMs;
    return ((one.slots / Math.max(1, wanted)) * one.hostShare) / waits;
  };
  return waiting.reduce((best, one) => (turn(one) < turn(best) ? one : best));
}

/** More slots for a batch gain nothing on a worker that is busy already. */
function wantsAlone(need: Need): boolean {
  return need === "more-batch";
}

function onlyLastResorts(one: ModelCase): boolean {
  for (const { isLastResort } of one.replicas) if (!isLastResort) return false;
  return one.replicas.size > 0;
}

function reasonFor(one: ModelCase, need: Need): string {
  const waiting = (one.demand?.interactiveWaiting ?? 0) + (one.demand?.batchWaiting ?? 0);
  switch (need) {
    case "pin":
      return `pinned: ${one.model.pin?.replicas ?? 0} are always there`;
    case "first":
      return "somebody asks for it, and there is none";
    case "first-batch":
      return "a batch asks for it, and there is none";
    case "better":
      return "what there is of it runs without a GPU of its own";
    case "more":
    case "more-batch":
      return `${waiting} wait for ${one.slots} slots, ${one.wantedTotal} would serve them in time`;
    default:
      return need satisfies never;
  }
}
