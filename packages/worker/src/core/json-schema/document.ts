import type { JsonSchema, MusterError } from "@muster/base";
import { isKeywords, type Keywords, schemaPlaces } from "./keywords.ts";
import { createProblems, type Problems } from "./problem.ts";

const maxSchemaDepth = 64;
const maxSubschemas = 2_000;
const maxEnumValues = 1_000;
/** Each level of schemas is two of JSON: the keyword's value, and the schema in it. */
const maxJsonDepth = 2 * maxSchemaDepth + 2;

/** A schema whose size has been bounded, and the places of its parts. */
export interface SchemaDocument {
  readonly root: JsonSchema;
  readonly problems: Problems;
  /** Where a schema stands, as a JSON pointer; `like` gives a made one the place of another. */
  pointerOf(schema: Keywords): string;
  place(made: Keywords, like: Keywords): Keywords;
  /** What a "$ref" of `from` leads to. */
  resolve(ref: unknown, from: Keywords): JsonSchema;
}

/** Throws `invalid_request` for what is too large to work on. Nothing here recurses: its input may be hostile. */
export function openSchema(root: JsonSchema, param: string): SchemaDocument {
  const problems = createProblems(param);
  requireShallow(root, problems);
  const pointers = locate(root, problems);

  function pointerOf(schema: Keywords): string {
    return pointers.get(schema) ?? "";
  }

  function place(made: Keywords, like: Keywords): Keywords {
    pointers.set(made, pointerOf(like));
    return made;
  }

  function resolve(ref: unknown, from: Keywords): JsonSchema {
    const wrong = (what: string) => problems.wrong(pointerOf(from), `has a "$ref" that ${what}.`);
    if (typeof ref !== "string" || !/^#(\/|$)/.test(ref)) {
      throw problems.refuse(pointerOf(from), "$ref", 'Refer within the schema, such as "#/$defs/name".');
    }
    let target: unknown = root;
    for (const step of stepsOf(ref)) {
      const isThere = typeof target === "object" && target !== null && Object.hasOwn(target, step);
      target = isThere ? (target as Readonly<Record<string, unknown>>)[step] : undefined;
    }
    if (typeof target === "boolean") return target;
    if (!isKeywords(target)) throw wrong("leads to no schema");
    if (!pointers.has(target)) pointers.set(target, ref.slice(1));
    return target;
  }

  return { root, problems, pointerOf, place, resolve };
}

function stepsOf(ref: string): string[] {
  const steps = ref.slice(1).split("/").slice(1);
  return steps.map((step) => decode(step).replaceAll("~1", "/").replaceAll("~0", "~"));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function requireShallow(root: JsonSchema, problems: Problems): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxJsonDepth)
      throw problems.wrong("", `nests more than ${maxSchemaDepth} levels. Flatten it.`);
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== "object" || value === null) continue;
      for (const child of Object.values(value))
        if (typeof child === "object" && child !== null) next.push(child);
    }
    level = next;
  }
}

/** The JSON pointer of each schema in the schema. */
function locate(root: JsonSchema, problems: Problems): Map<Keywords, string> {
  const pointers = new Map<Keywords, string>();
  const open: [schema: unknown, pointer: string, depth: number][] = [[root, "", 1]];
  let count = 0;
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const [schema, pointer, depth] = entry;
    count += 1;
    if (count > maxSubschemas) throw tooMany(problems);
    if (depth > maxSchemaDepth)
      throw problems.wrong("", `nests more than ${maxSchemaDepth} levels. Flatten it.`);
    if (typeof schema === "boolean") continue;
    if (!isKeywords(schema)) throw problems.wrong(pointer, "must be an object, true or false.");
    pointers.set(schema, pointer);
    const values = schema["enum"];
    if (Array.isArray(values) && values.length > maxEnumValues) {
      throw problems.wrong(pointer, `has an "enum" of more than ${maxEnumValues} values. Ask for less.`);
    }
    const required = schema["required"];
    if (Array.isArray(required) && required.length > maxSubschemas) throw tooMany(problems);
    for (const [child, where] of childrenOf(schema, pointer, problems)) open.push([child, where, depth + 1]);
  }
  return pointers;
}

function childrenOf(schema: Keywords, pointer: string, problems: Problems): [unknown, string][] {
  const children: [unknown, string][] = [];
  const wrong = (what: string) => problems.wrong(pointer, what);
  for (const keyword of schemaPlaces.single) {
    if (Object.hasOwn(schema, keyword)) children.push([schema[keyword], `${pointer}/${keyword}`]);
  }
  for (const keyword of schemaPlaces.list) {
    const list = schema[keyword];
    if (list === undefined) continue;
    if (!Array.isArray(list) || list.length === 0) {
      throw wrong(`has a "${keyword}" that is not a list of schemas.`);
    }
    if (list.length > maxSubschemas) throw tooMany(problems);
    children.push(...list.map((child, at): [unknown, string] => [child, `${pointer}/${keyword}/${at}`]));
  }
  for (const keyword of schemaPlaces.named) {
    const named = schema[keyword];
    if (named === undefined) continue;
    if (!isKeywords(named)) throw wrong(`has "${keyword}" that is not an object of schemas.`);
    const entries = Object.entries(named);
    if (entries.length > maxSubschemas) throw tooMany(problems);
    for (const [name, child] of entries) {
      children.push([child, `${pointer}/${keyword}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`]);
    }
  }
  return children;
}

function tooMany(problems: Problems): MusterError {
  return problems.wrong("", `has more than ${maxSubschemas} schemas in it. Ask for less.`);
}
