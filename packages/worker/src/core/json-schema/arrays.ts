import type { JsonSchema } from "@muster/base";
import type { Compiler, Option } from "./compiler.ts";
import type { Keywords } from "./keywords.ts";
import { readCount } from "./read-keyword.ts";
import { sequence } from "./syntax.ts";

/**
 * A list. What `prefixItems` describes comes first; without `items` nothing follows it, unless `minItems` asks for
 * more.
 */
export function arrayRule(schema: Keywords, compiler: Compiler): Option {
  const prefix = (schema["prefixItems"] ?? []) as readonly JsonSchema[];
  const { min, max } = readLengths(schema, prefix.length, compiler);
  if (max === 0) return { body: '"[]"', needs: [] };
  const items = schema["items"] ?? true;
  const rest = max > prefix.length ? compiler.ruleOf(items as JsonSchema) : undefined;
  const listed = prefix.slice(0, max).map((item) => compiler.ruleOf(item));
  const needs = [...listed.slice(0, min), ...(min > prefix.length && rest !== undefined ? [rest] : [])];
  const { gap } = compiler.syntax;
  const filled = sequence('"["', gap(), members({ listed, rest, min, max }, compiler), gap(), '"]"');
  return { body: min === 0 ? `"[]" | ${filled}` : filled, needs };
}

function readLengths(schema: Keywords, listed: number, compiler: Compiler) {
  const min = readCount(schema, "minItems", compiler) ?? 0;
  let max = readCount(schema, "maxItems", compiler) ?? Number.POSITIVE_INFINITY;
  if (schema["items"] === false) max = Math.min(max, listed);
  if (schema["items"] === undefined && listed > 0) max = Math.min(max, Math.max(min, listed));
  if (min > max) throw compiler.wrong(schema, "admits no list: it must be longer than it may be.");
  if (schema["uniqueItems"] === true && max > 1) {
    throw compiler.refuse(schema, "uniqueItems", 'Leave it out, or set "maxItems" to 1.');
  }
  return { min, max };
}

interface Members {
  /** The rules of the first items. */
  readonly listed: readonly string[];
  /** The rule of those that follow. */
  readonly rest: string | undefined;
  readonly min: number;
  readonly max: number;
}

/** One item or more. */
function members({ listed, rest, min, max }: Members, compiler: Compiler): string {
  const comma = sequence('","', compiler.syntax.gap());
  const isUniform = listed.length === 0;
  let after = "";
  if (rest !== undefined) {
    const next = compiler.book.add(sequence(comma, rest));
    const done = Math.max(1, listed.length);
    after = compiler.book.repeat(next, Math.max(0, min - done), max - done);
  }
  if (isUniform) return sequence(rest ?? "", after);
  for (let at = listed.length - 1; at > 0; at--) {
    const next = sequence(comma, listed[at] ?? "", after);
    after = at < min ? next : `${compiler.book.add(next)}?`;
  }
  return sequence(listed[0] ?? "", after);
}
