import { z } from "zod";
import { isFileId } from "../../../core/batches/ids.ts";
import { queryInteger } from "./query.ts";

const maxListed = 10_000;

export const fileListSchema = z.looseObject({
  after: z.string().refine(isFileId, "it must be the id of a file").optional(),
  limit: queryInteger(1, maxListed).default(maxListed),
  order: z.enum(["asc", "desc"]).default("desc"),
  purpose: z.string().max(64).optional(),
});

/** From one hour to 30 days, as OpenAI has it. */
export const expirySeconds = { min: 3_600, max: 2_592_000 } as const;

/** The fields of an upload beside the file: texts, all of them. */
export const uploadFieldsSchema = z.looseObject({
  purpose: z.literal("batch", 'it must be "batch": files are for batches here'),
  "expires_after[anchor]": z.literal("created_at", 'it must be "created_at"').optional(),
  "expires_after[seconds]": queryInteger(expirySeconds.min, expirySeconds.max).optional(),
});
