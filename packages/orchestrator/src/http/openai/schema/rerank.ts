import { z } from "zod";
import { deadlineField } from "../../parsing/deadline.ts";
import { modelName } from "./common.ts";

const maxDocuments = 2_048;
/** It travels once with every run of documents. */
const maxQueryLength = 65_536;

/** The request of Jina and Cohere. */
export const rerankSchema = z.looseObject({
  model: modelName,
  query: z.string().min(1).max(maxQueryLength),
  documents: z
    .array(
      z.union([z.string(), z.looseObject({ text: z.string() })], {
        error: 'a document is text, or {"text": ...}',
      }),
    )
    .min(1)
    .max(maxDocuments),
  top_n: z.int().min(1).nullish(),
  return_documents: z.boolean().nullish(),
  service_tier: z.string().max(64).nullish(),
  deadline_ms: deadlineField,
});
