import type { GenerateRequest } from "@muster/base";
import { z } from "zod";
import { commonFields, limits, refuseUnsupported, samplingOf, stopsOf } from "./common.ts";

/** What OpenAI generates where a text completion does not say how much. */
const defaultMaxTokens = 16;

export const completionSchema = z.looseObject({
  ...commonFields,
  prompt: z.union([z.string(), z.array(z.string()).min(1).max(limits.maxChoices)], {
    error: `it must be text, or a list of at most ${limits.maxChoices} texts`,
  }),
  echo: z.boolean().nullish(),
  suffix: z.string().nullish(),
  best_of: z.int().nullish(),
  logprobs: z.int().nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
});

export type CompletionRequest = z.infer<typeof completionSchema>;

/** One generation for each prompt. Throws `unsupported` for what cannot be done yet. */
export function completionToGenerations(request: CompletionRequest, randomSeed: number): GenerateRequest[] {
  refuseUnsupported({
    echo: request.echo === true,
    suffix: (request.suffix ?? "") !== "",
    best_of: (request.best_of ?? 1) > (request.n ?? 1),
    logprobs: (request.logprobs ?? 0) > 0,
    logit_bias: Object.keys(request.logit_bias ?? {}).length > 0,
  });
  const prompts = typeof request.prompt === "string" ? [request.prompt] : request.prompt;
  return prompts.map((text) => ({
    task: "generate",
    prompt: { kind: "text", text },
    sampling: samplingOf(request, randomSeed),
    maxTokens: request.max_tokens ?? defaultMaxTokens,
    stop: stopsOf(request),
  }));
}
