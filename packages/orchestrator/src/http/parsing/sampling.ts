import type { GenerateRequest, LogitBias, Sampling } from "@muster/base";
import type { RecommendedSampling } from "@muster/models";
import { z } from "zod";
import { wrong } from "./body.ts";
import { limits } from "./limits.ts";

const stopText = z.string().min(1).max(limits.maxStopLength);

export const tokenCount = z.int().min(1).max(limits.maxTokens);

/** Settings of sampling, by the names that clients of every kind use. Null means absent, as OpenAI's clients send it. */
export const samplingFields = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  /** 0, and -1 as vLLM has it: no limit of the client's. */
  top_k: z.int().min(-1).max(1_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  repetition_penalty: z.number().min(0.1).max(10).nullish(),
  logit_bias: z.record(z.string(), z.number().min(-100).max(100)).nullish(),
};

export const stopField = z.union([stopText, z.array(stopText).max(limits.maxStops)], {
  error: `it must be text, or a list of at most ${limits.maxStops} texts of 1 to ${limits.maxStopLength} characters`,
});

type SamplingRequest = z.infer<z.ZodObject<typeof samplingFields>>;

/** What Gemma's model cards recommend: for models that the catalogue does not have. */
const usualSampling = { temperature: 1, topK: 64, topP: 0.95 };

/**
 * How a request wants to be sampled; where it does not say, as the model's makers recommend.
 * @param randomSeed a 32-bit unsigned integer for requests without a seed
 */
export function samplingOf(
  request: Partial<SamplingRequest>,
  randomSeed: number,
  recommended?: RecommendedSampling | undefined,
): Sampling {
  const usual = { ...usualSampling, ...recommended };
  const logitBias = logitBiasOf(request.logit_bias ?? {});
  const { repetition_penalty: repetitionPenalty } = request;
  return {
    temperature: request.temperature ?? usual.temperature,
    topK: Math.max(0, request.top_k ?? 0) || (usual.topK ?? usualSampling.topK),
    topP: request.top_p ?? usual.topP,
    minP: request.min_p ?? 0,
    seed: (request.seed ?? randomSeed) >>> 0,
    frequencyPenalty: request.frequency_penalty ?? 0,
    presencePenalty: request.presence_penalty ?? 0,
    ...(repetitionPenalty === undefined || repetitionPenalty === null ? {} : { repetitionPenalty }),
    ...(logitBias.length === 0 ? {} : { logitBias }),
  };
}

/** The same generation, sampled as its model's makers recommend where the request leaves it open. */
export function sampledFor<T extends GenerateRequest>(
  generation: T,
  request: Partial<SamplingRequest>,
  recommended: RecommendedSampling | undefined,
): T {
  if (recommended === undefined) return generation;
  return { ...generation, sampling: samplingOf(request, generation.sampling.seed, recommended) };
}

function logitBiasOf(given: Readonly<Record<string, number>>): LogitBias[] {
  const entries = Object.entries(given);
  if (entries.length > limits.maxLogitBiases)
    throw wrong("logit_bias", `at most ${limits.maxLogitBiases} tokens can have one.`);
  return entries.map(([key, bias]) => {
    const tokenId = Number(key);
    if (!/^\d{1,10}$/.test(key) || tokenId > 0xffff_ffff)
      throw wrong("logit_bias", `"${key.slice(0, 32)}" is no token id. POST /tokenize gives a text's ids.`);
    return { tokenId, bias };
  });
}

export function stopsOf(stop: string | readonly string[] | null | undefined): readonly string[] {
  if (stop === undefined || stop === null) return [];
  return typeof stop === "string" ? [stop] : stop;
}
