import type { JsonSchema } from "@muster/base";
import { z } from "zod";
import { wrong } from "./body.ts";
import { limits } from "./limits.ts";

export const jsonSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())], {
  error: "it must be a JSON Schema: an object, true or false",
});

/** A schema of bounded size; its depth is that of the body, which is bounded too. Throws `invalid_request`. */
export function requireSmall(schema: JsonSchema, param: string): JsonSchema {
  if (JSON.stringify(schema).length > limits.maxSchemaLength)
    throw wrong(param, `the schema is longer than ${limits.maxSchemaLength} characters.`);
  return schema;
}
