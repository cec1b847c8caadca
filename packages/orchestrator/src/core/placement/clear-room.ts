import type { FleetPlan } from "./fleet-plan.ts";
import type { ModelCase } from "./model-case.ts";
import type { Held, Room } from "./room.ts";
import { fitIn, mayHold, type Spot, type SpotKind, spotScore } from "./spots.ts";
import { byValue, mayEvict, mayRetire, type Need } from "./victims.ts";

/** A spot for which others have to go first. */
export interface ClearedSpot extends Spot {
  readonly victims: readonly Held[];
}

export interface ClearWish {
  readonly need: Need;
  readonly rooms: readonly Room[];
  readonly kind: SpotKind;
  /** Whether replicas in use may be chosen, to be retired. */
  readonly mayBeInUse: boolean;
}

/** The spot that costs others least: the fewest replicas gone, then the best spot. */
export function spotToClear(plan: FleetPlan, one: ModelCase, wish: ClearWish): ClearedSpot | undefined {
  let best: ClearedSpot | undefined;
  const compare = byValue(plan);
  for (const room of wish.rooms) {
    if (!mayHold(room, one) || !mightClear(room)) continue;
    const found = clearOne(plan, one, { ...wish, room, compare });
    if (found === undefined) continue;
    const fewer = best === undefined ? 1 : best.victims.length - found.victims.length;
    if (fewer > 0 || (fewer === 0 && best !== undefined && found.score > best.score)) best = found;
  }
  return best;

  function mightClear(room: Room): boolean {
    for (const held of room.replicas) if (mayGo(plan, one, { ...wish, held, lostSlots: 0 })) return true;
    return false;
  }
}

/** A room that is on its way to be free, once replicas that were retired have answered. */
export function spotThatComes(
  plan: FleetPlan,
  one: ModelCase,
  { rooms, promised }: { readonly rooms: readonly Room[]; readonly promised: ReadonlySet<Room> },
): Spot | undefined {
  let best: Spot | undefined;
  for (const room of rooms) {
    if (promised.has(room) || !room.worker.isOpen || one.awaited.has(room)) continue;
    const leaving = [...room.replicas].filter(({ isRetiring }) => isRetiring);
    if (leaving.length === 0 || room.has(one.model.id)) continue;
    const shape = fitIn(plan, one, { room, budget: room.budget(leaving), kind: "gpu" });
    if (shape === undefined) continue;
    const score = spotScore(one.model, room, shape);
    if (best === undefined || score > best.score) best = { room, shape, score };
  }
  return best;
}

function clearOne(
  plan: FleetPlan,
  one: ModelCase,
  wish: ClearWish & { readonly room: Room; readonly compare: (a: Held, b: Held) => number },
): ClearedSpot | undefined {
  const { room, kind } = wish;
  const fit = (gone: readonly Held[]) => fitIn(plan, one, { room, budget: room.budget(gone), kind });
  const victims: Held[] = [];
  const lost = new Map<string, number>();
  let shape = fit(victims);
  for (const held of [...room.replicas].sort(wish.compare)) {
    if (shape !== undefined) break;
    const lostSlots = lost.get(held.model) ?? 0;
    if (!mayGo(plan, one, { ...wish, held, lostSlots })) continue;
    victims.push(held);
    lost.set(held.model, lostSlots + held.slots);
    shape = fit(victims);
  }
  if (shape === undefined) return undefined;
  // Whoever does not have to go stays, the most valuable first.
  for (const held of victims.toReversed()) {
    const fewer = victims.filter((victim) => victim !== held);
    const without = fit(fewer);
    if (without === undefined) continue;
    victims.splice(victims.indexOf(held), 1);
    shape = without;
  }
  return { room, shape, score: spotScore(one.model, room, shape), victims };
}

function mayGo(
  plan: FleetPlan,
  one: ModelCase,
  asked: {
    readonly need: Need;
    readonly mayBeInUse: boolean;
    readonly held: Held;
    readonly lostSlots: number;
  },
): boolean {
  const { held } = asked;
  return mayEvict(plan, held, asked) || (asked.mayBeInUse && mayRetire(plan, held, { ...asked, one }));
}
