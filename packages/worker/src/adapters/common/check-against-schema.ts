import { type JsonSchema, MusterError } from "@muster/base";
import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from "ajv/dist/2020.js";
import { formatPatterns } from "../../core/json-schema/formats.ts";
import { patternMatcher } from "../../core/json-schema/match-pattern.ts";

type RegExpEngine = NonNullable<NonNullable<Options["code"]>["regExp"]>;

/** Patterns run on a matcher of our own: no pattern of a client can make it hang. */
const regExp: RegExpEngine = Object.assign((pattern: string) => ({ test: patternMatcher(pattern) }), {
  code: "patternMatcher",
});

const formats = Object.fromEntries(
  Object.entries(formatPatterns).map(([name, pattern]) => [name, { validate: patternMatcher(pattern) }]),
);

/**
 * What is wrong with a JSON text, in words about the first thing that is; undefined when it is valid for the schema.
 * Throws `unsupported` for a schema that cannot be checked.
 */
export function checkAgainstSchema(schema: JsonSchema, jsonText: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(jsonText);
  } catch {
    return "it is not JSON";
  }
  const validate = compile(schema);
  try {
    return validate(value) ? undefined : wording(validate.errors?.[0]);
  } catch (error) {
    if (error instanceof RangeError) return "it is nested too deeply to be checked";
    throw error;
  }
}

/** One validator for one use: schemas come from clients, and what is kept would grow. */
function compile(schema: JsonSchema): ValidateFunction {
  const ajv = new Ajv2020({
    strict: false,
    meta: false,
    validateSchema: false,
    logger: false,
    formats,
    // Else each keyword's code is nested in the one before, deeper than a JavaScript engine reads.
    allErrors: true,
    // Optimising takes seconds for a schema of thousands of properties, and it is used once.
    code: { regExp, optimize: false },
  });
  try {
    return ajv.compile(typeof schema === "boolean" ? schema : standalone(schema));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MusterError("unsupported", `The schema cannot be checked: ${reason}. Make it simpler.`, {
      cause: error,
    });
  }
}

/** Without what would name another schema, or make the check asynchronous. */
function standalone({
  $schema: _schema,
  $id: _id,
  $async: _async,
  ...rest
}: Readonly<Record<string, unknown>>) {
  return rest;
}

function wording(error: ErrorObject | undefined): string {
  if (error === undefined) return "it does not fit";
  const where = error.instancePath === "" ? "it" : error.instancePath;
  const allowed: unknown = error.params["allowedValues"];
  const values = Array.isArray(allowed) && allowed.length <= 10 ? `: ${JSON.stringify(allowed)}` : "";
  return `${where} ${error.message ?? "does not fit"}${values}`;
}
