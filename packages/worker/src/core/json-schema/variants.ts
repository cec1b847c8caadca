import type { JsonSchema } from "@muster/base";
import type { SchemaDocument } from "./document.ts";
import { isFree, type Keywords, refusedKeywords } from "./keywords.ts";
import { constraintsOf, createMerger } from "./merge.ts";

const maxSteps = 1_000;

export interface Variants {
  /**
   * The alternatives of a schema, with references followed and what must hold together merged: none of them has
   * `$ref`, `allOf`, `anyOf` or `oneOf`. Empty when nothing fits.
   */
  of(schema: JsonSchema): Keywords[];
}

export function createVariants(document: SchemaDocument): Variants {
  const { merge } = createMerger(document);

  function expand(schema: Keywords): JsonSchema[] | undefined {
    if (schema["$ref"] !== undefined) {
      return [together(without(schema, "$ref"), document.resolve(schema["$ref"], schema))];
    }
    for (const keyword of ["anyOf", "oneOf"]) {
      const branches = schema[keyword];
      if (Array.isArray(branches))
        return branches.map((branch) => together(without(schema, keyword), branch));
    }
    const parts = schema["allOf"];
    if (!Array.isArray(parts)) return undefined;
    const [first, ...others] = parts;
    const rest = without(schema, "allOf");
    const left = others.length === 0 ? rest : document.place({ ...rest, allOf: others }, schema);
    return [together(left, first)];
  }

  /** `rest` and `part`; what constrains nothing gives way, so that recursion comes back to the same schema. */
  function together(rest: Keywords, part: JsonSchema): JsonSchema {
    if (part === false) return false;
    if (part === true) return rest;
    requireEnforceable(part);
    return isFree(rest) ? part : merge(rest, part);
  }

  function without(schema: Keywords, keyword: string): Keywords {
    const { [keyword]: _, ...rest } = schema;
    return document.place(rest, schema);
  }

  function requireEnforceable(schema: Keywords): void {
    for (const [keyword, advice] of Object.entries(refusedKeywords)) {
      if (Object.hasOwn(schema, keyword))
        throw document.problems.refuse(document.pointerOf(schema), keyword, advice);
    }
    if (schema["nullable"] === true && schema["type"] === undefined) {
      throw document.problems.refuse(
        document.pointerOf(schema),
        "nullable",
        'Use "anyOf" with { "type": "null" }.',
      );
    }
  }

  return {
    of(schema) {
      const variants: Keywords[] = [];
      const seen = new Set<JsonSchema>();
      const open: JsonSchema[] = [schema];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (next === false || seen.has(next)) continue;
        seen.add(next);
        if (seen.size > maxSteps) {
          const where = schema === true || schema === false ? "" : document.pointerOf(schema);
          throw document.problems.wrong(
            where,
            "has too many alternatives, or refers to itself. Ask for less.",
          );
        }
        const current: Keywords = next === true ? {} : next;
        requireEnforceable(current);
        const parts = expand(current);
        if (parts === undefined) variants.push(document.place(constraintsOf(current), current));
        else open.push(...parts.reverse());
      }
      return variants;
    },
  };
}
