import { type CodePoints, codePointsOf, complement, everyCodePoint, subtract, unite } from "./code-points.ts";
import { choiceOf, lengthsOf, type Pattern, sequenceOf, sizeOf } from "./pattern.ts";

/** Why a pattern is refused, in words that go on from "it". */
export class PatternProblem extends Error {}

const maxLength = 4_000;
const maxGroups = 32;
/** Of the pattern with its repetitions written out. */
const maxSize = 2_000;

const digits: CodePoints = [[48, 57]];
const word = unite(digits, [[65, 90]], [[97, 122]], [[95, 95]]);
const space = codePointsOf(
  "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff",
);
const lineEnds = codePointsOf("\n\r\u2028\u2029");
const classes: Readonly<Record<string, CodePoints>> = {
  d: digits,
  D: complement(digits),
  w: word,
  W: complement(word),
  s: space,
  S: complement(space),
};
const controlEscapes: Readonly<Record<string, string>> = { t: "\t", n: "\n", v: "\v", f: "\f", r: "\r" };
const anyText: Pattern = {
  kind: "repeat",
  of: { kind: "chars", set: everyCodePoint },
  min: 0,
  max: Number.POSITIVE_INFINITY,
};

/**
 * Reads a JSON Schema `pattern`. As there, it may match anywhere in a string: where it has no anchor, the result holds
 * any text before and after. Throws PatternProblem.
 */
export function parsePattern(source: string): Pattern {
  if (source.length > maxLength) throw new PatternProblem(`is longer than ${maxLength} characters`);
  const pattern = choiceOf(createParser([...source]).whole());
  if (sizeOf(pattern) > maxSize) throw new PatternProblem(`repeats to more than ${maxSize} characters`);
  return pattern;
}

interface Parser {
  whole(): Pattern[];
}

function createParser(chars: readonly string[]): Parser {
  let at = 0;
  let depth = 0;

  const peek = () => chars[at];
  function take(wanted: string): boolean {
    if (peek() !== wanted) return false;
    at += 1;
    return true;
  }
  function next(): string {
    const char = chars[at];
    if (char === undefined) throw new PatternProblem("ends too early");
    at += 1;
    return char;
  }

  function whole(): Pattern[] {
    const options: Pattern[] = [];
    do {
      const isFromStart = take("^");
      const inner = sequence();
      const isToEnd = take("$");
      options.push(sequenceOf([...(isFromStart ? [] : [anyText]), inner, ...(isToEnd ? [] : [anyText])]));
    } while (take("|"));
    if (peek() !== undefined) throw new PatternProblem(`has "${peek()}" where it cannot stand`);
    return options;
  }

  function sequence(): Pattern {
    const parts: Pattern[] = [];
    for (let char = peek(); char !== undefined && !"|)$".includes(char); char = peek()) {
      parts.push(quantified(atom()));
    }
    return sequenceOf(parts);
  }

  function atom(): Pattern {
    const char = next();
    if (char === "(") return group();
    if (char === "[") return { kind: "chars", set: charSet() };
    if (char === ".") return { kind: "chars", set: complement(lineEnds) };
    if (char === "\\") return { kind: "chars", set: escaped(false) };
    if (char === "^") throw new PatternProblem('has "^" elsewhere than at its start');
    if ("*+?{}]".includes(char)) throw new PatternProblem(`has "${char}" where it cannot stand`);
    return { kind: "chars", set: codePointsOf(char) };
  }

  function group(): Pattern {
    depth += 1;
    if (depth > maxGroups) throw new PatternProblem(`nests more than ${maxGroups} groups`);
    if (take("?") && !take(":"))
      throw new PatternProblem("has a group with more than ?: in it, such as a lookaround");
    const options = [sequence()];
    while (take("|")) options.push(sequence());
    if (peek() === "$") throw new PatternProblem('has "$" elsewhere than at its end');
    if (!take(")")) throw new PatternProblem("has a group that does not end");
    depth -= 1;
    return choiceOf(options);
  }

  function quantified(of: Pattern): Pattern {
    const bounds = quantifier();
    if (bounds === undefined) return of;
    take("?"); // Lazy: it finds another match of the same texts.
    const [min, max] = bounds;
    if (max < min) throw new PatternProblem("has a repetition whose end is below its start");
    if (max === Number.POSITIVE_INFINITY && lengthsOf(of).min === 0)
      throw new PatternProblem("repeats without end what may be empty");
    // Nothing, however often: written out it would be long all the same.
    if (lengthsOf(of).max === 0) return of;
    return { kind: "repeat", of, min, max };
  }

  function quantifier(): readonly [number, number] | undefined {
    if (take("*")) return [0, Number.POSITIVE_INFINITY];
    if (take("+")) return [1, Number.POSITIVE_INFINITY];
    if (take("?")) return [0, 1];
    if (!take("{")) return undefined;
    const min = count();
    const max = take(",") ? (peek() === "}" ? Number.POSITIVE_INFINITY : count()) : min;
    if (!take("}")) throw new PatternProblem('has a "{" that is no repetition');
    return [min, max];
  }

  function count(): number {
    let text = "";
    while (/^[0-9]$/.test(peek() ?? "")) text += next();
    if (text === "") throw new PatternProblem('has a "{" that is no repetition');
    return Number(text);
  }

  function charSet(): CodePoints {
    const isNegated = take("^");
    const members: CodePoints[] = [];
    while (!take("]")) {
      const from = classMember();
      if (peek() !== "-" || chars[at + 1] === "]") {
        members.push(from);
        continue;
      }
      at += 1;
      members.push(rangeOf(from, classMember()));
    }
    const set = unite(...members);
    return isNegated ? complement(set) : set;
  }

  function classMember(): CodePoints {
    const char = next();
    return char === "\\" ? escaped(true) : codePointsOf(char);
  }

  function escaped(isInClass: boolean): CodePoints {
    const char = next();
    const set = classes[char];
    if (set !== undefined) return set;
    const control = controlEscapes[char];
    if (control !== undefined) return codePointsOf(control);
    if (char === "x") return hex(2);
    if (char === "u") return hex(4);
    if (isInClass && char === "b") return codePointsOf("\b");
    if (/[A-Za-z0-9]/.test(char)) throw new PatternProblem(`has "\\${char}", which is not supported`);
    return codePointsOf(char);
  }

  function hex(length: number): CodePoints {
    const text = chars.slice(at, at + length).join("");
    if (!new RegExp(`^[0-9A-Fa-f]{${length}}$`).test(text)) {
      throw new PatternProblem("has a hexadecimal escape of another form than \\xHH and \\uHHHH");
    }
    at += length;
    const code = Number.parseInt(text, 16);
    if (code >= 0xd800 && code <= 0xdfff) throw new PatternProblem("names half a surrogate pair");
    return [[code, code]];
  }

  return { whole };
}

function rangeOf(from: CodePoints, to: CodePoints): CodePoints {
  const [first, last] = [from[0], to[0]];
  if (
    first === undefined ||
    last === undefined ||
    first[0] !== first[1] ||
    last[0] !== last[1] ||
    from.length + to.length > 2
  ) {
    throw new PatternProblem("has a range between what are not single characters");
  }
  if (last[0] < first[0]) throw new PatternProblem("has a range whose end is below its start");
  return subtract([[first[0], last[0]]], [[0xd800, 0xdfff]]);
}
