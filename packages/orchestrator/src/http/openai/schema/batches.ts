import { z } from "zod";
import { batchEndpoints } from "../../../core/batches/batch.ts";
import { isBatchId } from "../../../core/batches/ids.ts";
import { expirySeconds } from "./files.ts";
import { queryInteger } from "./query.ts";

const maxPairs = 16;

const metadata = z
  .record(z.string().max(64, "a key has at most 64 characters"), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= maxPairs, `at most ${maxPairs} pairs are kept`);

const endpoint = z.enum(batchEndpoints, { error: `it must be one of ${batchEndpoints.join(", ")}` });
const inputFileId = z.string().min(1).max(256);

/** What OpenAI's API has no field for. */
const musterFields = z.looseObject({
  priority: z.enum(["low", "normal", "high"]).nullish(),
  provenance: z.boolean().nullish(),
  result_cache: z.boolean().nullish(),
  webhook_url: z.url("it must be a URL").max(2_048).nullish(),
  dry_run: z.boolean().nullish(),
});

export const batchCreateSchema = z.looseObject({
  input_file_id: inputFileId,
  endpoint,
  completion_window: z.string().max(32),
  metadata: metadata.nullish(),
  output_expires_after: z
    .looseObject({
      anchor: z.literal("created_at"),
      seconds: z.int().min(expirySeconds.min).max(expirySeconds.max),
    })
    .nullish(),
  muster: musterFields.nullish(),
});

export const batchPlanSchema = z.looseObject({ input_file_id: inputFileId, endpoint });

export const batchListSchema = z.looseObject({
  after: z.string().refine(isBatchId, "it must be the id of a batch").optional(),
  limit: queryInteger(1, 100).default(20),
});

const maxCursorLength = 16_384;
const maxWaitSeconds = 30;

export const batchResultsSchema = z.looseObject({
  after: z.string().min(1).max(maxCursorLength).optional(),
  wait: queryInteger(0, maxWaitSeconds).default(0),
});
