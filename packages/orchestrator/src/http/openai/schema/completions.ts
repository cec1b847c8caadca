import { type GenerateRequest, MusterError } from "@muster/base";
import { z } from "zod";
import { refuseUnsupported } from "../../parsing/body.ts";
import { limits } from "../../parsing/limits.ts";
import { samplingOf, stopsOf } from "../../parsing/sampling.ts";
import { commonFields } from "./common.ts";

/** What OpenAI generates where a text completion does not say how much. */
const defaultMaxTokens = 16;

export const completionSchema = z.looseObject({
  ...commonFields,
  prompt: z.union([z.string(), z.array(z.string()).min(1).max(limits.maxChoices)], {
    error: `it must be text, or a list of at most ${limits.maxChoices} texts; token ids are not taken`,
  }),
  echo: z.boolean().nullish(),
  suffix: z.string().nullish(),
  best_of: z.int().nullish(),
  /** Alternatives per token; 0 is the tokens' own probabilities alone. */
  logprobs: z.int().min(0).max(limits.maxTopLogprobs).nullish(),
});

export type CompletionRequest = z.infer<typeof completionSchema>;

export interface CompletionPlan {
  readonly generations: readonly [GenerateRequest, ...GenerateRequest[]];
  /** What each prompt's answers begin with: the prompt, where an echo was asked for. */
  readonly echoes: readonly string[];
  readonly choicesPerPrompt: number;
}

/** One generation for each prompt. Throws `invalid_request`, and `unsupported` for what cannot be done. */
export function completionPlan(request: CompletionRequest, randomSeed: number): CompletionPlan {
  const { logprobs } = request;
  const hasLogprobs = logprobs !== undefined && logprobs !== null;
  const choicesPerPrompt = request.n ?? 1;
  refuseUnsupported({
    suffix: { isAsked: (request.suffix ?? "") !== "", why: "text is continued, not filled in." },
    best_of: {
      isAsked: (request.best_of ?? 1) > choicesPerPrompt,
      why: 'ask for "n" choices and choose among them.',
    },
    echo: {
      isAsked: request.echo === true && hasLogprobs,
      why: "the probabilities of a prompt's own tokens are not computed. Leave out echo or logprobs.",
    },
  });
  const texts = typeof request.prompt === "string" ? [request.prompt] : request.prompt;
  if (texts.length * choicesPerPrompt > limits.maxChoices) {
    throw new MusterError(
      "invalid_request",
      `${texts.length} prompts with n = ${choicesPerPrompt} ask for more than ${limits.maxChoices} choices in one request.`,
      { param: "n" },
    );
  }
  const generationOf = (text: string): GenerateRequest => ({
    task: "generate",
    prompt: { kind: "text", text },
    sampling: samplingOf(request, randomSeed),
    maxTokens: request.max_tokens ?? defaultMaxTokens,
    stop: stopsOf(request.stop),
    ...(hasLogprobs ? { topLogprobs: logprobs } : {}),
  });
  const [first = "", ...others] = texts;
  return {
    choicesPerPrompt,
    echoes: texts.map((text) => (request.echo === true ? text : "")),
    generations: [generationOf(first), ...others.map(generationOf)],
  };
}
