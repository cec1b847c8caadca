import type { InferenceEnd } from "@muster/base";

/** No sequence is decoded faster: a worker that says so is wrong. */
const maxTokensPerSecond = 100_000;
const fewestTokens = 4;

/** Tokens per second of one sequence, or undefined where too little was decoded to say. */
export function decodeRate({ usage, timings }: Pick<InferenceEnd, "usage" | "timings">): number | undefined {
  const decoded = usage.completionTokens - 1;
  const rate = (decoded * 1000) / timings.decodeMs;
  return decoded >= fewestTokens && rate > 0 && rate <= maxTokensPerSecond ? rate : undefined;
}
