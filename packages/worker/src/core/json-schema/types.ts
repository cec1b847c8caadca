import type { Compiler } from "./compiler.ts";
import { type Keywords, type TypeName, typeNames, typeOfKeyword } from "./keywords.ts";

/**
 * The types that a value of the schema may have. A schema that names none is taken for one about what its keywords
 * describe: `properties` is about objects.
 */
export function typesOf(schema: Keywords, compiler: Compiler): readonly TypeName[] {
  const named = schema["type"];
  if (named !== undefined) return namedTypes(named, schema, compiler);
  if (schema["enum"] !== undefined) return typeNames;
  const described = Object.keys(schema).flatMap((keyword) => typeOfKeyword[keyword] ?? []);
  return described.length === 0 ? typeNames.filter((type) => type !== "integer") : [...new Set(described)];
}

function namedTypes(named: unknown, schema: Keywords, compiler: Compiler): TypeName[] {
  const list: readonly unknown[] = Array.isArray(named) ? named : [named];
  const types = new Set<TypeName>();
  for (const type of list) {
    if (!isTypeName(type))
      throw compiler.wrong(schema, `has a "type" that is none of ${typeNames.join(", ")}.`);
    types.add(type);
  }
  if (types.has("number")) types.delete("integer");
  return [...types];
}

function isTypeName(type: unknown): type is TypeName {
  return typeNames.some((name) => name === type);
}
