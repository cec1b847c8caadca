import { z } from "zod";
import { deadlineField } from "../../parsing/deadline.ts";
import { limits } from "../../parsing/limits.ts";
import { samplingFields, stopField, tokenCount } from "../../parsing/sampling.ts";

export const modelName = z.string().min(1).max(256);

/** Fields that chat and text completions share. Null means absent, as OpenAI's clients send it. */
export const commonFields = {
  ...samplingFields,
  model: modelName,
  stop: stopField.nullish(),
  n: z.int().min(1).max(limits.maxChoices).nullish(),
  max_tokens: tokenCount.nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  service_tier: z.string().max(64).nullish(),
  deadline_ms: deadlineField,
};
