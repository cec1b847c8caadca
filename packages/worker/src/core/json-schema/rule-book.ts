import type { Problems } from "./problem.ts";

/** More GBNF than any schema that people write needs. */
const maxGrammarLength = 256 * 1024;
/** Above it llama.cpp takes no repetition (2,000), and large ones are written as repeated blocks. */
const blockSize = 250;

export interface RuleBook {
  /** A name of its own for a rule to come. */
  freshName(): string;
  define(name: string, body: string): void;
  /** The name of the rule with this body. */
  add(body: string): string;
  /** The rule that goes by `name` in all of the book, made at its first use. */
  shared(name: string, body: (name: string) => string): string;
  /** An expression for `rule` (a name or one character class), repeated; `max` may be Infinity. */
  repeat(rule: string, min: number, max: number): string;
  text(): string;
}

export function createRuleBook(prefix: string, problems: Problems): RuleBook {
  const lines: string[] = [];
  const sharedNames = new Map<string, string>();
  const byBody = new Map<string, string>();
  let length = 0;
  let count = 0;

  function define(name: string, body: string): void {
    const line = `${name} ::= ${body}\n`;
    length += line.length;
    if (length > maxGrammarLength) {
      throw problems.wrong("", "is too large: its grammar is longer than 256 KiB. Ask for less.");
    }
    lines.push(line);
  }

  function freshName(): string {
    count += 1;
    return `${prefix}-${count}`;
  }

  function add(body: string): string {
    const known = byBody.get(body);
    if (known !== undefined) return known;
    const name = freshName();
    byBody.set(body, name);
    define(name, body);
    return name;
  }

  function shared(name: string, body: (name: string) => string): string {
    const known = sharedNames.get(name);
    if (known !== undefined) return known;
    const full = `${prefix}-${name}`;
    sharedNames.set(name, full);
    define(full, body(full));
    return full;
  }

  /** `of` exactly `times` times. */
  function exactly(of: string, times: number): string {
    if (times <= blockSize) return `${of}{${times}}`;
    const whole = `${add(`${of}{${blockSize}}`)}{${Math.floor(times / blockSize)}}`;
    const rest = times % blockSize;
    return rest === 0 ? whole : `${whole} ${of}{${rest}}`;
  }

  function atMost(of: string, times: number): string {
    if (times <= blockSize) return `${of}{0,${times}}`;
    const whole = Math.floor(times / blockSize);
    const rest = times % blockSize;
    const name = add(`${of}{${blockSize}}`);
    const fewer = `${whole === 1 ? "" : `${name}{0,${whole - 1}} `}${of}{0,${blockSize - 1}}`;
    return `(${fewer} | ${name}{${whole}}${rest === 0 ? "" : ` ${of}{0,${rest}}`})`;
  }

  function repeat(rule: string, min: number, max: number): string {
    if (max === 0) return '""';
    if (min === 1 && max === 1) return rule;
    if (min === 0 && max === 1) return `${rule}?`;
    if (max === Number.POSITIVE_INFINITY) return min === 0 ? `${rule}*` : `${exactly(rule, min)} ${rule}*`;
    if (max <= blockSize) return min === max ? `${rule}{${min}}` : `${rule}{${min},${max}}`;
    const optional = max === min ? "" : atMost(rule, max - min);
    return min === 0 ? optional : `${exactly(rule, min)} ${optional}`.trimEnd();
  }

  return { freshName, define, add, shared, repeat, text: () => lines.join("") };
}
