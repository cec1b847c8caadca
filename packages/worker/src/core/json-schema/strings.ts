import { isTooAmbiguous } from "./ambiguity.ts";
import { everyCodePoint } from "./code-points.ts";
import type { Compiler } from "./compiler.ts";
import { formatPatterns } from "./formats.ts";
import { anyOf } from "./gbnf.ts";
import type { Keywords } from "./keywords.ts";
import { PatternProblem, parsePattern } from "./parse-pattern.ts";
import { lengthsOf, type Pattern } from "./pattern.ts";
import { readCount, readText } from "./read-keyword.ts";
import { sequence } from "./syntax.ts";

/** A string's expression, with its quotes. */
export function stringRule(schema: Keywords, compiler: Compiler): string {
  const { syntax, book } = compiler;
  const min = readCount(schema, "minLength", compiler) ?? 0;
  const max = readCount(schema, "maxLength", compiler) ?? Number.POSITIVE_INFINITY;
  if (min > max) throw compiler.wrong(schema, 'admits no string: "minLength" is above "maxLength".');
  const pattern = patternOf(schema, compiler);
  if (pattern !== undefined) {
    const text = writePattern(withLengths(pattern, { min, max }, schema, compiler), compiler, schema);
    return sequence(syntax.quote, text, syntax.quote);
  }
  if (min === 0 && max === Number.POSITIVE_INFINITY) {
    return book.shared("string", () => sequence(syntax.quote, syntax.anyText(), syntax.quote));
  }
  const char = book.shared("one-char", () => syntax.char(everyCodePoint) ?? "");
  return sequence(syntax.quote, book.repeat(char, min, max), syntax.quote);
}

function patternOf(schema: Keywords, compiler: Compiler): Pattern | undefined {
  const format = readText(schema, "format", compiler);
  const own = readText(schema, "pattern", compiler);
  const known =
    format === undefined || !Object.hasOwn(formatPatterns, format) ? undefined : formatPatterns[format];
  if (own === undefined) return known === undefined ? undefined : parsePattern(known);
  if (known !== undefined) throw compiler.refuse(schema, "format", 'Leave out either it or "pattern".');
  try {
    return followedPattern(own);
  } catch (error) {
    if (!(error instanceof PatternProblem)) throw error;
    throw compiler.refuse(schema, "pattern", `It ${error.message}. Write a simpler pattern or leave it out.`);
  }
}

/**
 * A pattern that an engine can follow. Where that is too hard for one that may match anywhere, it is written alone, which
 * fits as well. Throws PatternProblem.
 */
function followedPattern(source: string): Pattern {
  const pattern = parsePattern(source);
  if (!isTooAmbiguous(pattern)) return pattern;
  const alone = /[\^$|]/.test(source) ? undefined : parsePattern(`^${source}$`);
  if (alone !== undefined && !isTooAmbiguous(alone)) return alone;
  throw new PatternProblem(
    "can be read in too many ways at once: begin it with ^ and end it with $ where it means the whole text",
  );
}

interface Lengths {
  readonly min: number;
  readonly max: number;
}

/** The pattern, held to lengths: where it is one repeated character, or has such lengths anyway. */
function withLengths(pattern: Pattern, wanted: Lengths, schema: Keywords, compiler: Compiler): Pattern {
  const own = lengthsOf(pattern);
  if (own.min >= wanted.min && own.max <= wanted.max) return pattern;
  const min = Math.max(own.min, wanted.min);
  const max = Math.min(own.max, wanted.max);
  if (min > max)
    throw compiler.wrong(schema, "admits no string: its lengths and its pattern exclude each other.");
  if (pattern.kind === "repeat" && pattern.of.kind === "chars") return { ...pattern, min, max };
  const keyword = own.min < wanted.min ? "minLength" : "maxLength";
  throw compiler.refuse(schema, keyword, "Leave it out and write the length into the pattern.");
}

function writePattern(pattern: Pattern, compiler: Compiler, schema: Keywords): string {
  const write = (part: Pattern) => writePattern(part, compiler, schema);
  switch (pattern.kind) {
    case "chars": {
      const char = compiler.syntax.char(pattern.set);
      if (char === undefined) {
        throw compiler.refuse(schema, "pattern", "It has a character that cannot be written in this place.");
      }
      return char;
    }
    case "sequence":
      return pattern.parts.length === 0 ? '""' : sequence(...pattern.parts.map(write));
    case "choice":
      return anyOf(pattern.options.map(write));
    case "repeat":
      return compiler.book.repeat(compiler.book.add(write(pattern.of)), pattern.min, pattern.max);
    default:
      return pattern satisfies never;
  }
}
