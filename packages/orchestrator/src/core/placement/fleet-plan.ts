import { missingBytes } from "./expected-speed.ts";
import type {
  LoadAction,
  PlacementAction,
  PlacementModel,
  PlacementPolicy,
  PlacementReplica,
  PlacementState,
  PlacementWorker,
  UnloadAction,
} from "./fleet-state.ts";
import { ModelCase } from "./model-case.ts";
import { type Held, isLastResort, memoryOf, Room } from "./room.ts";
import type { Shape } from "./shape.ts";

const nothing = { vramBytes: 0, ramBytes: 0 };

/**
 * The fleet while a plan is made: everything in the order of ids, so that the order it came in does not matter. Actions
 * change it at once, as if they had been carried out.
 */
export class FleetPlan {
  readonly nowMs: number;
  readonly policy: PlacementPolicy;
  readonly rooms: readonly Room[];
  readonly cases: readonly ModelCase[];
  readonly actions: PlacementAction[] = [];
  /** Models that had to leave a worker to others just now: those come first. */
  readonly turnsEnded = new Set<string>();
  readonly #caseOf: ReadonlyMap<string, ModelCase>;
  readonly #demanded: ReadonlySet<string>;

  constructor(state: PlacementState, policy: PlacementPolicy) {
    this.nowMs = state.nowMs;
    this.policy = policy;
    const demand = new Map(state.demand.map((asked) => [asked.model, asked]));
    this.#demanded = new Set(demand.keys());
    this.rooms = sortedById(state.workers).map((worker) => new Room(worker, policy.loadsAtOnce));
    this.cases = sortedById(state.models).map(
      (model) => new ModelCase(model, demand.get(model.id), { rooms: this.rooms, policy }),
    );
    this.#caseOf = new Map(this.cases.map((one) => [one.model.id, one]));
    for (const room of this.rooms) this.#fill(room);
  }

  caseOf(model: string): ModelCase | undefined {
    return this.#caseOf.get(model);
  }

  /** A model that placement knows nothing of, and that somebody asks for all the same. */
  isAskedUnknown(model: string): boolean {
    return this.#demanded.has(model) && !this.#caseOf.has(model);
  }

  stayedMs({ replica }: Held): number {
    return replica === undefined ? 0 : this.nowMs - replica.sinceMs;
  }

  idleMs({ replica }: Held): number {
    return replica === undefined ? 0 : this.nowMs - Math.max(replica.lastUsedAtMs, replica.sinceMs);
  }

  load(
    one: ModelCase,
    at: {
      readonly room: Room;
      readonly shape: Shape;
      readonly isPinned: boolean;
      readonly reason: string;
    },
  ): void {
    const { room, shape, isPinned, reason } = at;
    const { variant, slots, contextTokens, device, gpuLayers, vramBytes, ramBytes } = shape;
    const held: Held = {
      id: `new ${one.model.id}`,
      model: one.model.id,
      room,
      slots,
      vramBytes,
      ramBytes,
      diskBytes: missingBytes(room.worker, variant),
      isLastResort: device !== "gpu",
      replica: undefined,
      isKept: isPinned,
      isRetiring: false,
    };
    const action: LoadAction = {
      ...{ kind: "load", workerId: room.worker.id, model: one.model.id, variant, slots, contextTokens },
      ...{ device, gpuLayers, vramBytes, ramBytes, reason },
    };
    this.actions.push(action);
    room.hold(held);
    one.add(held);
  }

  unload(held: Held, reason: string, fault?: UnloadAction["fault"]): void {
    const { id: replicaId, model, room } = held;
    const action: UnloadAction = { kind: "unload", workerId: room.worker.id, replicaId, model, reason };
    this.actions.push(fault === undefined ? action : { ...action, fault });
    room.unload(held);
    this.caseOf(model)?.remove(held);
  }

  retire(held: Held, { isUrgent, reason }: { readonly isUrgent: boolean; readonly reason: string }): void {
    const { id: replicaId, model, room } = held;
    this.actions.push({ kind: "retire", workerId: room.worker.id, replicaId, model, isUrgent, reason });
    held.isRetiring = true;
    this.caseOf(model)?.remove(held);
  }

  #fill(room: Room): void {
    for (const replica of sortedById(room.worker.replicas)) {
      if (replica.state === "unloaded") continue;
      const one = this.#caseOf.get(replica.model);
      const held = this.#held(replica, room, one?.model);
      room.hold(held);
      if (room.worker.isServing && this.#isOfUse(held)) one?.add(held);
    }
  }

  #held(replica: PlacementReplica, room: Room, model: PlacementModel | undefined): Held {
    // What has failed has given its memory back; a fixed one is tried again and again.
    const isGone = replica.state === "failed" && !replica.isFixed;
    const { vramBytes, ramBytes } = isGone ? nothing : memoryOf(replica, room.worker, model);
    const { id, slots, isFixed } = replica;
    const isRetiring = replica.isRetiring && !isFixed;
    return {
      id,
      model: replica.model,
      room,
      slots,
      vramBytes,
      ramBytes,
      diskBytes: replica.state === "fetching" ? bytesToFetch(replica, room.worker, model) : 0,
      isLastResort: isLastResort(replica, room.worker),
      replica,
      isKept: isFixed,
      isRetiring,
    };
  }

  #isOfUse({ replica, isRetiring }: Held): boolean {
    if (replica === undefined) return true;
    return replica.state !== "failed" && !isRetiring && !this.isDoubtful(replica);
  }

  /** One that has just become ready is held back until its first answers have been looked at. */
  isDoubtful({ isHeldBack, isWrong, heldBackSinceMs, sinceMs }: PlacementReplica): boolean {
    if (!isHeldBack) return false;
    return isWrong === true || this.nowMs - (heldBackSinceMs ?? sinceMs) >= this.policy.leastStayMs;
  }
}

function bytesToFetch(
  replica: PlacementReplica,
  worker: PlacementWorker,
  model: PlacementModel | undefined,
): number {
  const variant = model?.variants.find(({ id }) => id === replica.variant);
  return variant === undefined ? 0 : missingBytes(worker, variant);
}

function sortedById<T extends { readonly id: string }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
