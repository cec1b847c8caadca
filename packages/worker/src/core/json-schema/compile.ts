import type { JsonSchema } from "@muster/base";
import { arrayRule } from "./arrays.ts";
import type { Compiler, Option } from "./compiler.ts";
import type { SchemaDocument } from "./document.ts";
import { enumRule } from "./enum-values.ts";
import { requireFinite, type WrittenRule } from "./finite.ts";
import { isFree, type Keywords, type TypeName } from "./keywords.ts";
import { integerRule, numberRule } from "./numbers.ts";
import { objectRule } from "./objects.ts";
import type { RuleBook } from "./rule-book.ts";
import { stringRule } from "./strings.ts";
import type { Syntax } from "./syntax.ts";
import { typesOf } from "./types.ts";
import { createVariants } from "./variants.ts";

/** Merged schemas may be more than the schema holds; beyond this they are taken for endless. */
const maxRules = 4_000;

/** Writes the rules of a schema into the book; gives the name of the first. */
export function compileSchema(document: SchemaDocument, syntax: Syntax, book: RuleBook): string {
  const variants = createVariants(document);
  const names = new Map<JsonSchema, string>();
  const open: JsonSchema[] = [];
  const written = new Map<string, WrittenRule>();

  const compiler: Compiler = {
    book,
    syntax,
    ruleOf(given) {
      const schema = typeof given === "object" && isFree(given) ? true : given;
      const known = names.get(schema);
      if (known !== undefined) return known;
      if (names.size >= maxRules)
        throw document.problems.wrong("", "unfolds to too many schemas. Ask for less.");
      const name = book.freshName();
      names.set(schema, name);
      open.push(schema);
      return name;
    },
    refuse: (schema, keyword, advice) =>
      document.problems.refuse(document.pointerOf(schema), keyword, advice),
    wrong: (schema, what) => document.problems.wrong(document.pointerOf(schema), what),
  };

  // A list of what is left to do, not recursion: a schema may refer to itself.
  const root = compiler.ruleOf(document.root);
  for (let schema = open.shift(); schema !== undefined; schema = open.shift()) {
    const name = compiler.ruleOf(schema);
    const options = variants.of(schema).flatMap((variant) => optionsOf(variant, compiler));
    const pointer = typeof schema === "boolean" ? "" : document.pointerOf(schema);
    if (options.length === 0) throw document.problems.wrong(pointer, "admits no value.");
    book.define(name, [...new Set(options.map(({ body }) => body))].join(" | "));
    written.set(name, { pointer, options });
  }
  requireFinite(written, document.problems);
  return root;
}

function optionsOf(variant: Keywords, compiler: Compiler): Option[] {
  const types = typesOf(variant, compiler);
  if (variant["enum"] !== undefined) return [simple(enumRule(variant, types, compiler))];
  return types.map((type) => optionOf(type, variant, compiler));
}

function optionOf(type: TypeName, variant: Keywords, compiler: Compiler): Option {
  switch (type) {
    case "object":
      return objectRule(variant, compiler);
    case "array":
      return arrayRule(variant, compiler);
    case "string":
      return simple(stringRule(variant, compiler));
    case "integer":
      return simple(integerRule(variant, compiler));
    case "number":
      return simple(numberRule(variant, compiler));
    case "boolean":
      return simple('"true" | "false"');
    case "null":
      return simple('"null"');
    default:
      return type satisfies never;
  }
}

function simple(body: string): Option {
  return { body, needs: [] };
}
