import type { GenerateRequest } from "@muster/base";
import type { LaneClass } from "../../core/lane.ts";

/** OpenAI's service tier decides the lane: `flex` is work that can wait. */
export function laneClassOf(serviceTier: string | null | undefined): LaneClass {
  return serviceTier === "flex" ? "batch" : "interactive";
}

/** `choices` requests of each prompt, each with a seed of its own. */
export function choicesOf(prompts: readonly GenerateRequest[], choices: number): GenerateRequest[] {
  return prompts.flatMap((prompt) =>
    Array.from({ length: choices }, (_none, choice) => ({
      ...prompt,
      sampling: { ...prompt.sampling, seed: (prompt.sampling.seed + choice) >>> 0 },
    })),
  );
}
