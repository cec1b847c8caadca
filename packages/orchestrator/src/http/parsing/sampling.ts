import type { LogitBias, Sampling } from "@muster/base";
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

/**
 * The sampling that Gemma's model cards recommend (temperature 1.0, top-k 64, top-p 0.95), where a request does not say.
 * @param randomSeed a 32-bit unsigned integer for requests without a seed
 */
export function samplingOf(request: Partial<SamplingRequest>, randomSeed: number): Sampling {
  const logitBias = logitBiasOf(request.logit_bias ?? {});
  const { repetition_penalty: repetitionPenalty } = request;
  return {
    temperature: request.temperature ?? 1,
    topK: Math.max(0, request.top_k ?? 0) || 64,
    topP: request.top_p ?? 0.95,
    minP: request.min_p ?? 0,
    seed: (request.seed ?? randomSeed) >>> 0,
    frequencyPenalty: request.frequency_penalty ?? 0,
    presencePenalty: request.presence_penalty ?? 0,
    ...(repetitionPenalty === undefined || repetitionPenalty === null ? {} : { repetitionPenalty }),
    ...(logitBias.length === 0 ? {} : { logitBias }),
  };
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
