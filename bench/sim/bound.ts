import {
  defaultPlacementPolicy,
  expectedTokensPerSecond,
  fitsMemory,
  readSpeeds,
  shapeLadder,
  wholeBudget,
} from "@muster/orchestrator/testing";
import type { SimDesk, SimWorld } from "./world.ts";

const nextSlotShare = 0.6;

/**
 * What nobody can exceed, in tokens that count by their model's size: every second that a desk is lent it runs, at full
 * speed with as many slots as its empty memory holds, the demanded model that counts most there. Loads take no time,
 * nothing is ever given back, all of the day's requests are known and there from the first second; only the amounts that are
 * demanded of each model limit it. The true best is lower.
 *
 * It is the dual of a linear program: any prices between 0 and the models' weights give a bound, and the least of those
 * that are tried is taken.
 */
export function clairvoyantBound(world: SimWorld): number {
  const demanded = demandedWork(world);
  const desks = world.desks.map((desk) => ({
    seconds: desk.lent.reduce((sum, [from, to]) => sum + (to - from) / 1000, 0),
    rates: ratesOf(desk, world),
  }));
  const boundAt = (prices: readonly number[]): number => {
    let sum = 0;
    for (const [model, price] of prices.entries())
      sum += ((world.weights[model] ?? 0) - price) * (demanded[model] ?? 0);
    for (const { seconds, rates } of desks) {
      let best = 0;
      for (const [model, rate] of rates.entries()) best = Math.max(best, rate * (prices[model] ?? 0));
      sum += seconds * best;
    }
    return sum;
  };
  let prices = [...world.weights];
  let least = boundAt(prices);
  for (let round = 0; round < 40; round++) {
    for (const [model, weight] of world.weights.entries()) {
      for (const factor of [0, 0.5, 0.8, 0.9, 0.97, 1.03, 1.1, 1.25, 2]) {
        const changed = prices.with(model, Math.min(weight, (prices[model] ?? 0) * factor));
        const bound = boundAt(changed);
        if (bound < least) {
          least = bound;
          prices = changed;
        }
      }
    }
  }
  return least;
}

/** Tokens that are asked for, by model. */
function demandedWork(world: SimWorld): number[] {
  const demanded = world.models.map(() => 0);
  const add = (model: number, work: number) => {
    demanded[model] = (demanded[model] ?? 0) + work;
  };
  for (const { model, work } of world.interactive) add(model, work);
  for (const { model, lines, meanWork } of world.batches) add(model, lines * meanWork);
  return demanded;
}

/** Tokens a second of each model at full speed; 0: it does not fit. */
function ratesOf({ worker, speedFactor }: SimDesk, world: SimWorld): number[] {
  const budget = wholeBudget(worker);
  return world.models.map((model) => {
    const { shapes } = shapeLadder(model, defaultPlacementPolicy, { gpus: budget.gpus });
    let best = 0;
    for (const shape of shapes) {
      if (!fitsMemory(shape, budget)) continue;
      const alone = expectedTokensPerSecond(readSpeeds(worker), shape) * speedFactor;
      best = Math.max(best, alone * (1 + nextSlotShare * (shape.slots - 1)));
    }
    return best;
  });
}
