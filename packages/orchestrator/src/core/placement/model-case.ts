import type { ModelDemand, PlacementModel, PlacementPolicy } from "./fleet-state.ts";
import { hasLabels } from "./labels.ts";
import { type ShapeLadder, shapeLadder } from "./replica-shapes.ts";
import { givesWork, type Held, type Room } from "./room.ts";
import { type WantedSlots, wantedSlots } from "./wanted-slots.ts";

const nobody: WantedSlots = { interactive: 0, batch: 0 };

/** One model while a plan is made: what is asked, what there is of it, and where it could be. */
export class ModelCase {
  readonly model: PlacementModel;
  readonly demand: ModelDemand | undefined;
  readonly wanted: WantedSlots;
  /** Workers that have the labels it requires; they may be closed. */
  readonly rooms: readonly Room[];
  /** Those that give work or soon will: not failed, not retiring, not known to answer wrongly. */
  readonly replicas = new Set<Held>();
  /** Rooms that become free for it, once answers there have ended. */
  readonly awaited = new Map<Room, number>();
  #hostShare: number | undefined;
  #slots = 0;
  #readySlots = 0;
  readonly #policy: PlacementPolicy;
  readonly #ladders = new Map<number, ShapeLadder>();

  constructor(
    model: PlacementModel,
    demand: ModelDemand | undefined,
    { rooms, policy }: { readonly rooms: readonly Room[]; readonly policy: PlacementPolicy },
  ) {
    this.model = model;
    this.demand = demand;
    this.wanted = demand === undefined ? nobody : wantedSlots(demand, policy);
    const { requires } = model;
    const isPicky = Object.keys(requires).length > 0;
    this.rooms = isPicky ? rooms.filter(({ worker }) => hasLabels(worker.labels, requires)) : rooms;
    this.#policy = policy;
  }

  /** Of the workers with GPUs that are lent now, the share that is large enough for it: 1 where any is. */
  get hostShare(): number {
    this.#hostShare ??= this.#countHosts();
    return this.#hostShare;
  }

  get elsewhere(): number {
    return this.demand?.slotsElsewhere ?? 0;
  }

  /** With those that are coming. */
  get slots(): number {
    return this.#slots + this.elsewhere + this.#comingElsewhere;
  }

  get readySlots(): number {
    return this.#readySlots + this.elsewhere;
  }

  get hasNone(): boolean {
    const isElsewhere = this.elsewhere + this.#comingElsewhere > 0;
    return this.replicas.size === 0 && this.awaited.size === 0 && !isElsewhere;
  }

  get #comingElsewhere(): number {
    return this.demand?.comingElsewhere ?? 0;
  }

  get wantedTotal(): number {
    return this.wanted.interactive + this.wanted.batch;
  }

  get oldestWaitMs(): number {
    return this.demand?.oldestWaitMs ?? 0;
  }

  get isInteractive(): boolean {
    const { demand } = this;
    return demand !== undefined && demand.interactiveWaiting + demand.interactiveRunning > 0;
  }

  /** What it can be on a worker with so many GPUs; worked out once. */
  ladder(gpus: number): ShapeLadder {
    let ladder = this.#ladders.get(gpus);
    if (ladder === undefined) {
      ladder = shapeLadder(this.model, this.#policy, { gpus });
      this.#ladders.set(gpus, ladder);
    }
    return ladder;
  }

  add(held: Held): void {
    this.replicas.add(held);
    this.#slots += held.slots;
    if (givesWork(held)) this.#readySlots += held.slots;
  }

  remove(held: Held): void {
    if (!this.replicas.delete(held)) return;
    this.#slots -= held.slots;
    if (givesWork(held)) this.#readySlots -= held.slots;
  }

  await(room: Room, slots: number): void {
    this.awaited.set(room, slots);
    this.#slots += slots;
  }

  #countHosts(): number {
    let all = 0;
    let hosts = 0;
    for (const { worker, whole } of this.rooms) {
      if (!worker.isOpen || whole.vramBytes <= 0) continue;
      all += 1;
      if (whole.vramBytes >= this.ladder(whole.gpus).leastVramBytes) hosts += 1;
    }
    return all === 0 ? 1 : Math.max(1, hosts) / all;
  }
}
