import type { JsonSchema, MusterError } from "@muster/base";
import type { Keywords } from "./keywords.ts";
import type { RuleBook } from "./rule-book.ts";
import type { Syntax } from "./syntax.ts";

/** What the part for one type of value knows and asks for. */
export interface Compiler {
  readonly book: RuleBook;
  readonly syntax: Syntax;
  /** The name of a schema's rule, which is written later. */
  ruleOf(schema: JsonSchema): string;
  refuse(schema: Keywords, keyword: string, advice: string): MusterError;
  wrong(schema: Keywords, what: string): MusterError;
}

/** One alternative of a schema's rule. */
export interface Option {
  readonly body: string;
  /** The rules that its every value goes through. */
  readonly needs: readonly string[];
}
