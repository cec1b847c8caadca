import type { FleetPlan } from "./fleet-plan.ts";
import type { ModelCase } from "./model-case.ts";
import type { Held, Room } from "./room.ts";
import { fitIn, mayHold, type Spot, type SpotWish, sharersOf, spotScore } from "./spots.ts";
import { type Asked, byValue, mayGo, type Need } from "./victims.ts";

/** A spot for which others have to go first. */
export interface ClearedSpot extends Spot {
  readonly victims: readonly Held[];
}

export interface ClearWish extends SpotWish {
  readonly need: Need;
  /** Whether replicas in use may be chosen, to be retired. */
  readonly mayBeInUse: boolean;
}

/** The spot that costs others least: the fewest replicas gone, then the best spot. */
export function spotToClear(plan: FleetPlan, one: ModelCase, wish: ClearWish): ClearedSpot | undefined {
  let best: ClearedSpot | undefined;
  const compare = byValue(plan);
  const asked: Asked = { one, need: wish.need, mayBeInUse: wish.mayBeInUse, lostSlots: 0 };
  for (const room of wish.rooms) {
    if (!room.mayLoad || !mightClear(plan, room, asked) || !mayHold(room, one)) continue;
    const found = clearOne(plan, asked, { room, compare, wish });
    if (found === undefined) continue;
    const fewer = best === undefined ? 1 : best.victims.length - found.victims.length;
    if (fewer > 0 || (fewer === 0 && best !== undefined && found.score > best.score)) best = found;
  }
  return best;
}

function mightClear(plan: FleetPlan, room: Room, asked: Asked): boolean {
  for (const held of room.replicas) if (mayGo(plan, held, asked)) return true;
  return false;
}

/** The best of rooms that are on their way to be free, once replicas that were retired have answered. */
export function spotThatComes(
  plan: FleetPlan,
  one: ModelCase,
  { rooms, kind }: Pick<SpotWish, "rooms" | "kind">,
): Spot | undefined {
  let best: Spot | undefined;
  for (const room of rooms) {
    const leaving = [...room.replicas].filter(({ isRetiring }) => isRetiring);
    const shape = fitIn(plan, one, { room, budget: room.freeWithout(leaving), kind });
    if (shape === undefined) continue;
    const score = spotScore(plan, one, { room, shape, gone: leaving });
    if (best === undefined || score > best.score) best = { room, shape, score };
  }
  return best;
}

function clearOne(
  plan: FleetPlan,
  asked: Asked,
  {
    room,
    wish,
    compare,
  }: {
    readonly room: Room;
    readonly wish: SpotWish;
    readonly compare: (a: Held, b: Held) => number;
  },
): ClearedSpot | undefined {
  const { one } = asked;
  const fit = (gone: readonly Held[]) =>
    wish.isAlone && sharersOf(plan, room, gone) > 0
      ? undefined
      : fitIn(plan, one, { room, budget: room.freeWithout(gone), kind: wish.kind });
  const victims: Held[] = [];
  const lost = new Map<string, number>();
  let shape = fit(victims);
  for (const held of [...room.replicas].sort(compare)) {
    if (shape !== undefined) break;
    const lostSlots = lost.get(held.model) ?? 0;
    if (!mayGo(plan, held, { ...asked, lostSlots })) continue;
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
  return { room, shape, score: spotScore(plan, one, { room, shape, gone: victims }), victims };
}
