import type { Compiler } from "./compiler.ts";
import { anyLiteral } from "./gbnf.ts";
import type { Keywords, TypeName } from "./keywords.ts";

/** The listed values that are of one of the types. */
export function enumRule(schema: Keywords, types: readonly TypeName[], compiler: Compiler): string {
  const listed = schema["enum"];
  if (!Array.isArray(listed)) throw compiler.wrong(schema, 'has an "enum" that is not a list.');
  const fitting = listed.filter((value) => types.some((type) => isOfType(value, type)));
  if (fitting.length === 0)
    throw compiler.wrong(schema, "admits no value: none that it lists is of its type.");
  const other = Object.keys(schema).find((keyword) => keyword !== "enum" && keyword !== "type");
  if (other !== undefined) {
    throw compiler.refuse(schema, other, 'Leave it out: "enum" or "const" lists the values.');
  }
  const texts = fitting.map((value) => {
    const text = compiler.syntax.write(value);
    if (text === undefined)
      throw compiler.refuse(schema, "enum", "A value in it cannot be written by this model.");
    return text;
  });
  return anyLiteral(texts, compiler.syntax.literal);
}

function isOfType(value: unknown, type: TypeName): boolean {
  switch (type) {
    case "array":
      return Array.isArray(value);
    case "null":
      return value === null;
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "string":
    case "number":
    case "boolean":
      return typeof value === type;
    default:
      return type satisfies never;
  }
}
