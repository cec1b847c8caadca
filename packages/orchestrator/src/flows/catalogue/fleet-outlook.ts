import type { FleetRegistry } from "../fleet-registry.ts";

/** What the fleet says of a model that it serves. */
export interface FleetOutlook {
  /** Of a slot of the smallest replica that is ready; undefined while none is ready here. */
  contextTokens(model: string): number | undefined;
  /** What an answer of so many tokens should take once it has a slot; undefined: nobody knows yet. */
  expectedMs(
    model: string,
    tokens: { readonly prompt?: number | undefined; readonly answer: number },
  ): number | undefined;
  /** Which files its replicas have; undefined for those that do not say. */
  variants(model: string): ReadonlySet<string | undefined>;
}

/** As the workers that are connected here were measured lately, by the fastest of them. */
export function outlookOf(fleet: Pick<FleetRegistry, "replicasOf" | "seenTokensPerSecond">): FleetOutlook {
  const ready = (model: string) => fleet.replicasOf(model).filter(({ state }) => state === "ready");
  return {
    contextTokens(model) {
      const contexts = ready(model).map(({ contextTokens }) => contextTokens);
      return contexts.length === 0 ? undefined : Math.min(...contexts);
    },
    expectedMs(model, { answer }) {
      const fastest = fleet.seenTokensPerSecond(model);
      return fastest === undefined ? undefined : (answer / fastest) * 1_000;
    },
    variants: (model) => new Set(ready(model).map(({ variant }) => variant)),
  };
}
