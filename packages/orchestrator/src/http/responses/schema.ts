import { z } from "zod";
import { deadlineField } from "../parsing/deadline.ts";
import { jsonSchema } from "../parsing/json-schema.ts";
import { limits } from "../parsing/limits.ts";
import { samplingFields, tokenCount } from "../parsing/sampling.ts";
import { effort } from "../parsing/thinking.ts";
import { input } from "./input-items.ts";

/** Tools that are no functions run at OpenAI: they are read far enough to be left out. */
const tool = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  description: z.string().nullish(),
  parameters: jsonSchema.nullish(),
  strict: z.boolean().nullish(),
});

const toolChoice = z.union(
  [
    z.enum(["none", "auto", "required"]),
    z.looseObject({
      type: z.string(),
      name: z.string().optional(),
      mode: z.enum(["auto", "required"]).optional(),
      tools: z.array(z.looseObject({ type: z.string(), name: z.string().optional() })).optional(),
    }),
  ],
  { error: 'it must be "none", "auto", "required", or an object that names a tool' },
);

const format = z.looseObject({
  type: z.enum(["text", "json_object", "json_schema"]),
  name: z.string().max(64).optional(),
  description: z.string().nullish(),
  schema: jsonSchema.nullish(),
  strict: z.boolean().nullish(),
});

const metadata = z.record(z.string().max(64), z.string().max(512));

export const responseSchema = z.looseObject({
  model: z.string().min(1).max(256),
  input,
  instructions: z.string().nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.looseObject({ effort: effort.nullish(), summary: z.string().nullish() }).nullish(),
  text: z.looseObject({ format: format.nullish() }).nullish(),
  ...samplingFields,
  max_output_tokens: tokenCount.nullish(),
  top_logprobs: z.int().min(0).max(limits.maxTopLogprobs).nullish(),
  include: z.array(z.string()).nullish(),
  stream: z.boolean().nullish(),
  store: z.boolean().nullish(),
  metadata: metadata.nullish(),
  truncation: z.enum(["auto", "disabled"]).nullish(),
  user: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  service_tier: z.string().max(64).nullish(),
  deadline_ms: deadlineField,
  background: z.boolean().nullish(),
  previous_response_id: z.string().nullish(),
  conversation: z.unknown().optional(),
  prompt: z.unknown().optional(),
});

export type ResponseRequest = z.infer<typeof responseSchema>;
