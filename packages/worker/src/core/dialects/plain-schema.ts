import type { JsonSchema } from "@muster/base";

/**
 * Gemma's templates want a type, one, at every value of a schema, and know neither references nor alternatives. For
 * the prompt only: the grammar and the check take the schema as it is.
 */
export function plainSchema(schema: JsonSchema): JsonSchema {
  let left = maxSchemas;
  const definitions = isRecord(schema) ? schema : {};

  function plain(node: unknown, refs: readonly string[]): Node {
    left -= 1;
    if (left < 0 || !isRecord(node)) return { type: "object" };
    const ref = node["$ref"];
    if (typeof ref === "string") {
      if (refs.includes(ref)) return { type: "object" };
      return plain({ ...omit(node, ["$ref"]), ...target(definitions, ref) }, [...refs, ref]);
    }
    const branches = [node["anyOf"], node["oneOf"], node["allOf"]].find(Array.isArray);
    if (node["type"] === undefined && branches !== undefined) {
      const chosen = branches.find((branch) => !isNull(branch)) ?? {};
      const rest = omit(node, ["anyOf", "oneOf", "allOf"]);
      return plain({ ...chosen, ...rest, ...nullable(branches.some(isNull)) }, refs);
    }
    return withPlainParts(node, refs);
  }

  function withPlainParts(node: Node, refs: readonly string[]): Node {
    const { properties, items } = node;
    const types: unknown = node["type"];
    const isNullable = Array.isArray(types) && types.includes("null");
    return {
      ...omit(node, ["$defs", "definitions"]),
      ...nullable(isNullable),
      type: oneType(node),
      ...(isRecord(properties) && {
        properties: Object.fromEntries(
          Object.entries(properties).map(([key, value]) => [key, plain(value, refs)]),
        ),
      }),
      ...(isRecord(items) && { items: plain(items, refs) }),
    };
  }

  return plain(schema, []);
}

/** Of a schema with its references followed; more is too much for a prompt. */
const maxSchemas = 2000;

type Node = Readonly<Record<string, unknown>>;

function oneType({ type, properties, items, enum: values, const: value }: Node): string {
  const types = (Array.isArray(type) ? type : [type]).filter((each) => typeof each === "string");
  const first = types.find((each) => each !== "null") ?? types[0];
  if (first !== undefined) return first;
  if (properties !== undefined) return "object";
  if (items !== undefined) return "array";
  const example: unknown = Array.isArray(values) ? values[0] : value;
  if (Number.isInteger(example)) return "integer";
  if (typeof example === "number" || typeof example === "boolean") return typeof example;
  return "string";
}

function target(root: Node, ref: string): Node {
  const [start, ...path] = ref.split("/");
  if (start !== "#") return {};
  let node: unknown = root;
  for (const step of path) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    node = isRecord(node) && Object.hasOwn(node, key) ? node[key] : undefined;
  }
  return isRecord(node) ? node : {};
}

function nullable(isNullable: boolean): Node {
  return isNullable ? { nullable: true } : {};
}

function isNull(schema: unknown): boolean {
  return isRecord(schema) && schema["type"] === "null";
}

function omit(node: Node, keys: readonly string[]): Node {
  return Object.fromEntries(Object.entries(node).filter(([key]) => !keys.includes(key)));
}

function isRecord(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
