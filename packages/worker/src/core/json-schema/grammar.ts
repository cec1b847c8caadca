import type { JsonSchema } from "@muster/base";
import { compileSchema } from "./compile.ts";
import { openSchema } from "./document.ts";
import { createGemmaSyntax } from "./gemma-syntax.ts";
import { createJsonSyntax } from "./json-syntax.ts";
import { createRuleBook } from "./rule-book.ts";

export type SyntaxName = "json" | "gemma";

export interface SchemaGrammarOptions {
  /** How values are written; JSON when undefined. */
  readonly syntax?: SyntaxName;
  /** The field of the request that errors name; `response_format` when undefined. */
  readonly param?: string;
  /** Gemma's syntax only: GBNF for the string mark, such as `<[52]>`; its text when undefined. */
  readonly markRule?: string;
}

/** A grammar in GBNF, whose root is `rootName` (`root` when undefined), for the values that a schema admits. */
export function schemaToGrammar(
  schema: JsonSchema,
  options: SchemaGrammarOptions & { readonly rootName?: string } = {},
): string {
  const { rootRule, rules } = schemaRules(schema, { ...options, prefix: "v" });
  return `${options.rootName ?? "root"} ::= ${rootRule}\n${rules}`;
}

/** Any JSON object. */
export function anyObjectGrammar(): string {
  return schemaToGrammar({ type: "object" });
}

export interface SchemaRules {
  readonly rootRule: string;
  /** GBNF rules, one a line; all their names begin with the prefix. */
  readonly rules: string;
}

/**
 * The rules for one schema, to be put into a larger grammar. Throws `unsupported` for a keyword that a grammar cannot
 * hold, `invalid_request` for what is no schema, is too large, or admits nothing.
 * @param options.prefix begins the names of the rules, and no other rule's name: letters, digits, hyphens
 */
export function schemaRules(
  schema: JsonSchema,
  options: SchemaGrammarOptions & { readonly prefix: string },
): SchemaRules {
  const document = openSchema(schema, options.param ?? "response_format");
  const book = createRuleBook(options.prefix, document.problems);
  const syntax =
    options.syntax === "gemma" ? createGemmaSyntax(book, options.markRule) : createJsonSyntax(book);
  return { rootRule: compileSchema(document, syntax, book), rules: book.text() };
}
