import {
  type CodePoints,
  codePointsOf,
  complement,
  everyCodePoint,
  intersect,
  subtract,
} from "./code-points.ts";
import { charClass, literal } from "./gbnf.ts";
import type { RuleBook } from "./rule-book.ts";
import type { Syntax } from "./syntax.ts";

/** What stands around strings in the arguments of Gemma's tool calls. What is inside knows no escapes. */
export const gemmaMark = '<|"|>';
/** Stands for the mark in written values until they are made a rule: no string holds it. */
const markSign = "\0";

/** Cannot be part of a name without marks around it. */
const structural = codePointsOf(`:,{}[]<|"`);
const controls: CodePoints = [
  [0, 0x1f],
  [0x7f, 0x9f],
];
const rawText = subtract(everyCodePoint, [
  [0, 8],
  [0xb, 0xc],
  [0xe, 0x1f],
]);
const keyChars = subtract(everyCodePoint, [...structural, ...controls]);

/** Gemma's syntax: no blanks, bare names, raw strings. A string with a limit or a pattern leaves out `|`, so that it
 * cannot hold the mark. */
export function createGemmaSyntax(book: RuleBook, markRule = literal(gemmaMark)): Syntax {
  return {
    quote: markRule,
    char(set) {
      const written = subtract(intersect(set, rawText), codePointsOf("|"));
      return written.length === 0 ? undefined : charClass(written);
    },
    anyText: () => textWithoutMark(book),
    write,
    writeKey,
    literal: (text) =>
      text
        .split(/(\0)/)
        .filter((part) => part !== "")
        .map((part) => (part === markSign ? markRule : literal(part)))
        .join(" "),
    otherKeys: { open: "", close: literal(":"), chars: keyChars, mayBeEmpty: false },
    afterColon: "",
    gap: () => "",
  };
}

/** Any text that does not hold the mark: one rule for each beginning of it that was just written. */
function textWithoutMark(book: RuleBook): string {
  const mark = [...gemmaMark];
  return book.shared("text", (name) => {
    const state = (written: number) => (written === 0 ? name : `${name}-${written}`);
    const body = (written: number) => {
      const next = mark[written] ?? "";
      const others = subtract(rawText, codePointsOf(`<${next}`));
      const options = [`${charClass(others)} ${state(0)}`];
      if (written > 0) options.push(`${literal("<")} ${state(1)}`);
      if (written < mark.length - 1) options.push(`${literal(next)} ${state(written + 1)}`);
      return `${options.join(" | ")} | ""`;
    };
    for (let written = 1; written < mark.length; written++) book.define(state(written), body(written));
    return body(0);
  });
}

/** Undefined when a string in the value holds the mark or a control character: there are no escapes. */
function write(value: unknown): string | undefined {
  if (typeof value === "string") return isWritable(value) ? `${markSign}${value}${markSign}` : undefined;
  if (Array.isArray(value)) return joined(value.map(write), "[", "]");
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => {
    const key = writeKey(name);
    const text = write(member);
    return key === undefined || text === undefined ? undefined : key + text;
  });
  return joined(members, "{", "}");
}

function joined(parts: readonly (string | undefined)[], open: string, close: string): string | undefined {
  return parts.includes(undefined) ? undefined : `${open}${parts.join(",")}${close}`;
}

function writeKey(name: string): string | undefined {
  if (isBareKey(name)) return `${name}:`;
  return isWritable(name) ? `${markSign}${name}${markSign}:` : undefined;
}

function isBareKey(name: string): boolean {
  return name !== "" && isMadeOf(name, keyChars);
}

function isWritable(text: string): boolean {
  return !text.includes(gemmaMark) && isMadeOf(text, rawText);
}

function isMadeOf(text: string, chars: CodePoints): boolean {
  return intersect(codePointsOf(text), complement(chars)).length === 0 && !/\p{Surrogate}/u.test(text);
}
