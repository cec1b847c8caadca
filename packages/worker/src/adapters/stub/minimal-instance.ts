import { type JsonSchema, MusterError } from "@muster/base";

const maxDepth = 32;

/**
 * A small value that a simple schema allows: the first of enum, const and alternatives, required properties only,
 * least lengths and numbers. Patterns, formats and `not` are not looked at. Throws `unsupported` for recursion.
 */
export function minimalInstance(schema: JsonSchema, root: JsonSchema = schema, depth = 0): unknown {
  if (typeof schema === "boolean") return null;
  if (depth > maxDepth)
    throw new MusterError("unsupported", "The stub engine cannot satisfy recursive schemas.");
  const inner = (part: unknown) => minimalInstance(asSchema(part), root, depth + 1);
  if (typeof schema["$ref"] === "string") return inner(resolve(root, schema["$ref"]));
  if (schema["const"] !== undefined) return schema["const"];
  for (const key of ["enum", "anyOf", "oneOf", "allOf"]) {
    const options = schema[key];
    if (Array.isArray(options)) return key === "enum" ? options[0] : inner(options[0]);
  }
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (type ?? (schema["properties"] === undefined ? "null" : "object")) {
    case "object": {
      const properties = asRecord(schema["properties"]);
      const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
      return Object.fromEntries(required.map((name) => [name, inner(properties[name] ?? true)]));
    }
    case "array":
      return Array.from({ length: asCount(schema["minItems"]) }, () => inner(schema["items"] ?? true));
    case "string":
      return "x".repeat(asCount(schema["minLength"]));
    case "integer":
    case "number":
      return Math.ceil(Number(schema["minimum"] ?? 0));
    case "boolean":
      return false;
    default:
      return null;
  }
}

function resolve(root: JsonSchema, ref: string): unknown {
  const steps = ref.replace(/^#\/?/, "").split("/");
  return steps.reduce<unknown>((at, step) => (step === "" ? at : asRecord(at)[step]), root);
}

function asSchema(value: unknown): JsonSchema {
  return typeof value === "boolean" ? value : asRecord(value);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function asCount(value: unknown): number {
  return typeof value === "number" ? Math.min(Math.max(0, Math.ceil(value)), 64) : 0;
}
