import { z } from "zod";
import { deadlineField } from "../../parsing/deadline.ts";
import { modelName } from "./common.ts";

const maxInputs = 2_048;
const onlyTexts = "it must be text, or a list of texts; token ids are not taken";
const input = z.string(onlyTexts).min(1, "an empty text has no vector");

export const embeddingSchema = z.looseObject({
  model: modelName,
  input: z.preprocess(
    (given) => (typeof given === "string" ? [given] : given),
    z.array(input, onlyTexts).min(1).max(maxInputs, `one request takes at most ${maxInputs} texts`),
  ),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.int().min(1).nullish(),
  service_tier: z.string().max(64).nullish(),
  deadline_ms: deadlineField,
});

export type EmbeddingRequest = z.infer<typeof embeddingSchema>;
