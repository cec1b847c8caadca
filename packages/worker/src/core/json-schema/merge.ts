import type { JsonSchema } from "@muster/base";
import type { SchemaDocument } from "./document.ts";
import { constrainingKeywords, isKeywords, type Keywords } from "./keywords.ts";

/** The schema that a value must fit when it must fit two. */
export interface Merger {
  merge(a: Keywords, b: Keywords): Keywords;
}

type Combine = (a: unknown, b: unknown) => unknown;

const larger: Combine = (a, b) => (typeof a === "number" && typeof b === "number" ? Math.max(a, b) : a);
const smaller: Combine = (a, b) => (typeof a === "number" && typeof b === "number" ? Math.min(a, b) : a);

export function createMerger(document: SchemaDocument): Merger {
  /** Pairs that were put together before: recursive schemas would else grow new ones for ever. */
  const pairs = new Map<JsonSchema, Map<JsonSchema, JsonSchema>>();

  /** Both, to be merged once it is needed. */
  function both(a: JsonSchema, b: JsonSchema): JsonSchema {
    if (a === b || b === true) return a;
    if (a === true) return b;
    if (a === false || b === false) return false;
    const known = pairs.get(a)?.get(b);
    if (known !== undefined) return known;
    const made = document.place({ allOf: [a, b] }, a);
    const ofA = pairs.get(a) ?? new Map<JsonSchema, JsonSchema>();
    pairs.set(a, ofA.set(b, made));
    return made;
  }
  const bothSchemas: Combine = (a, b) => both(a as JsonSchema, b as JsonSchema);

  const combine: Readonly<Record<string, Combine>> = {
    type: (a, b) => commonTypes(listOf(a), listOf(b)),
    enum: (a, b) => commonValues(listOf(a), listOf(b)),
    required: (a, b) => [...new Set([...listOf(a), ...listOf(b)])],
    additionalProperties: bothSchemas,
    items: bothSchemas,
    allOf: (a, b) => [...listOf(a), ...listOf(b)],
    uniqueItems: (a, b) => a === true || b === true,
    ...{ minItems: larger, minLength: larger, minimum: larger, exclusiveMinimum: larger },
    ...{ maxItems: smaller, maxLength: smaller, maximum: smaller, exclusiveMaximum: smaller },
  };

  function merge(a: Keywords, b: Keywords): Keywords {
    const merged: Record<string, unknown> = constraintsOf(a);
    const later: Keywords[] = [];
    for (const [keyword, value] of Object.entries(constraintsOf(b))) {
      const mine = merged[keyword];
      if (keyword === "properties") continue;
      if (mine === undefined) merged[keyword] = value;
      else if (combine[keyword] !== undefined) merged[keyword] = combine[keyword](mine, value);
      else if (JSON.stringify(mine) === JSON.stringify(value)) continue;
      else if (["anyOf", "oneOf", "$ref"].includes(keyword))
        later.push(document.place({ [keyword]: value }, b));
      else
        throw document.problems.refuse(
          document.pointerOf(b),
          keyword,
          "Another schema for the same value has a different one.",
        );
    }
    const properties = mergedProperties(a, b);
    if (properties !== undefined) merged["properties"] = properties;
    if (later.length > 0) merged["allOf"] = [...listOf(merged["allOf"] ?? []), ...later];
    return document.place(merged, a);
  }

  function mergedProperties(a: Keywords, b: Keywords): Record<string, unknown> | undefined {
    const [ofA, ofB] = [a["properties"], b["properties"]];
    if (ofA === undefined && ofB === undefined) return undefined;
    const names = [...Object.keys(ofA ?? {}), ...Object.keys(ofB ?? {})];
    return Object.fromEntries(
      [...new Set(names)].map((name) => [name, both(property(a, name), property(b, name))]),
    );
  }

  return { merge };
}

/** What a schema says about one property, which it may not list. */
function property(schema: Keywords, name: string): JsonSchema {
  const listed = schema["properties"];
  if (isKeywords(listed) && Object.hasOwn(listed, name)) return listed[name] as JsonSchema;
  return (schema["additionalProperties"] ?? true) as JsonSchema;
}

/** Without remarks; `const` as an `enum` of one, `nullable` as one more type. */
export function constraintsOf(schema: Keywords): Record<string, unknown> {
  const constraints: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (constrainingKeywords.has(keyword) && keyword !== "const" && keyword !== "nullable") {
      constraints[keyword] = value;
    }
  }
  if (schema["nullable"] === true) constraints["type"] = [...listOf(schema["type"]), "null"];
  if (!Object.hasOwn(schema, "const")) return constraints;
  const own = constraints["enum"];
  constraints["enum"] = own === undefined ? [schema["const"]] : commonValues(listOf(own), [schema["const"]]);
  return constraints;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function commonValues(a: readonly unknown[], b: readonly unknown[]): unknown[] {
  const [textsOfA, textsOfB] = [textsOf(a), new Set(textsOf(b))];
  return a.filter((_, i) => textsOfB.has(textsOfA[i] ?? ""));
}

/** Kept, since a list is met again with each of the alternatives beside it. */
const knownTexts = new WeakMap<readonly unknown[], readonly string[]>();

function textsOf(values: readonly unknown[]): readonly string[] {
  const texts = knownTexts.get(values) ?? values.map((value) => JSON.stringify(value));
  knownTexts.set(values, texts);
  return texts;
}

function commonTypes(a: readonly unknown[], b: readonly unknown[]): unknown[] {
  const allows = (types: readonly unknown[], type: unknown) =>
    types.includes(type) || (type === "integer" && types.includes("number"));
  return [...new Set([...a.filter((type) => allows(b, type)), ...b.filter((type) => allows(a, type))])];
}
