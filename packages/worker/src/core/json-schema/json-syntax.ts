import {
  type CodePoints,
  codePointsOf,
  everyCodePoint,
  includes,
  intersect,
  subtract,
} from "./code-points.ts";
import { anyOf, charClass, literal } from "./gbnf.ts";
import type { RuleBook } from "./rule-book.ts";
import type { Syntax } from "./syntax.ts";

const controls: CodePoints = [[0, 0x1f]];
const plain = subtract(everyCodePoint, [...controls, ...codePointsOf('"\\')]);

/** After the backslash, what stands for which character. */
const shortEscapes: readonly (readonly [string, string])[] = [
  ['"', '"'],
  ["\\", "\\"],
  ["\b", "b"],
  ["\f", "f"],
  ["\n", "n"],
  ["\r", "r"],
  ["\t", "t"],
];

/** Deepest indentation of a new line: a model that may write any number of blanks can write them for ever. */
const maxIndent = 20;

/** JSON with each character in one form, as `JSON.stringify` has it, and a bounded choice of blanks. */
export function createJsonSyntax(book: RuleBook): Syntax {
  return {
    quote: literal('"'),
    char: jsonChar,
    anyText: () => `${book.shared("char", () => jsonChar(everyCodePoint) ?? "")}*`,
    write: (value) => JSON.stringify(value),
    writeKey: (name) => `${JSON.stringify(name)}:`,
    literal,
    otherKeys: {
      open: literal('"'),
      close: `${literal('":')} " "?`,
      chars: plain,
      mayBeEmpty: true,
    },
    afterColon: '" "?',
    gap: () => book.shared("gap", () => `(" " | "\\n" " "{0,${maxIndent}})?`),
  };
}

function jsonChar(set: CodePoints): string | undefined {
  const options: string[] = [];
  const unescaped = intersect(set, plain);
  if (unescaped.length > 0) options.push(charClass(unescaped));
  const short = shortEscapes.filter(([char]) => includes(set, char.charCodeAt(0)));
  const letters = codePointsOf(short.map(([, letter]) => letter).join(""));
  if (letters.length > 0) options.push(`${literal("\\")} ${charClass(letters)}`);
  options.push(...controlEscapes(set));
  return options.length === 0 ? undefined : anyOf(options);
}

/** The controls that have no short form, by their first hexadecimal digit. */
function controlEscapes(set: CodePoints): string[] {
  const left = subtract(intersect(set, controls), codePointsOf(shortEscapes.map(([char]) => char).join("")));
  return [0, 16].flatMap((row) => {
    const digits = Array.from({ length: 16 }, (_, column) => column)
      .filter((column) => includes(left, row + column))
      .map((column) => column.toString(16));
    if (digits.length === 0) return [];
    return [`${literal(row === 0 ? "\\u000" : "\\u001")} ${charClass(codePointsOf(digits.join("")))}`];
  });
}
