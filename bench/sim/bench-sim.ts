import { seeded } from "../scheduler/office.ts";
import { clairvoyantBound } from "./bound.ts";
import { simPolicies } from "./policies.ts";
import type { SimResult } from "./sim-result.ts";
import { Simulation } from "./simulation.ts";
import { makeWorld, wholeDay } from "./world.ts";

/**
 * A day of an office of 1,000 desks, with Muster and with simpler ways, from one run. Compared are tokens that count by
 * the size of their model: a desk that reads its memory at full speed writes as many of these with any model.
 */
export function benchSim(print: (row: string[]) => void, options = wholeDay): void {
  const world = makeWorld(options);
  const bound = clairvoyantBound(world);
  const weigh = (tokens: readonly number[]) =>
    tokens.reduce((sum, count, model) => sum + count * (world.weights[model] ?? 0), 0);
  for (const policy of simPolicies(seeded(3))) {
    const result = new Simulation(world, policy, 7).run();
    const share = weigh(result.tokens) / bound;
    print([`${policy.name}: of the clairvoyant bound`, share.toFixed(3), ">= 0.9"]);
    for (const [what, value, goal] of detailsOf(result)) print([`  ${what}`, value, goal]);
  }
}

function detailsOf(result: SimResult): readonly (readonly [string, string, string])[] {
  const tokens = result.tokens.reduce((sum, count) => sum + count, 0);
  const seconds = (ms: number) => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const waits = ({ people, lines }: SimResult) =>
    [people, lines].map((all) => [0.5, 0.99].map((share) => seconds(all.percentileMs(share))).join(" / "));
  const [people = "", lines = ""] = waits(result);
  return [
    ["tokens a second for each lent worker", (tokens / (result.lentHours * 3600)).toFixed(1), ""],
    ["loads for each lent hour of a worker", (result.loads / result.lentHours).toFixed(2), "<= 2"],
    ["of these, beside the first after its owner left", (result.moves / result.lentHours).toFixed(2), ""],
    ["people wait, p50 / p99", people, ""],
    ["people wait at most", seconds(result.people.maxMs), ""],
    ["people still waiting at the end", String(result.peopleLeftWaiting), "0"],
    ["lines wait, p50 / p99", lines, ""],
    ["lines wait at most", seconds(result.lines.maxMs), ""],
    [
      "written and thrown away",
      `${((100 * result.wastedTokens) / (tokens + result.wastedTokens)).toFixed(2)} %`,
      "",
    ],
  ];
}
