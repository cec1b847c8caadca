import type { CodePoints } from "./code-points.ts";

/** A text, as GBNF writes it. */
export function literal(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be escaped.
  return `"${text.replace(/["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, escapeInLiteral)}"`;
}

function escapeInLiteral(char: string): string {
  return char === '"' || char === "\\" ? `\\${char}` : hexEscape(char.charCodeAt(0));
}

/**
 * One character of a set. Always a list of what is in, never `[^…]`: llama.cpp refuses the first byte of a character
 * when any of those that begin with it are shut out.
 */
export function charClass(set: CodePoints): string {
  const parts = set.map(([from, to]) => (from === to ? inClass(from) : `${inClass(from)}-${inClass(to)}`));
  return `[${parts.join("")}]`;
}

function inClass(code: number): string {
  const char = String.fromCodePoint(code);
  return /[A-Za-z0-9]/.test(char) ? char : hexEscape(code);
}

function hexEscape(code: number): string {
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${hex.padStart(4, "0")}`;
  return `\\U${hex.padStart(8, "0")}`;
}

/** Alternatives in brackets where there are several. */
export function anyOf(options: readonly string[]): string {
  return options.length === 1 ? String(options[0]) : `(${options.join(" | ")})`;
}

/** The texts as one expression that writes each shared beginning once: thousands cost as little as one. */
export function anyLiteral(texts: readonly string[], write: (text: string) => string): string {
  const sorted = [...new Set(texts)].sort();
  return anyOf(branches(sorted, 0, write));
}

/** `texts` are sorted and alike up to `from`. */
function branches(texts: readonly string[], from: number, write: (text: string) => string): string[] {
  const options: string[] = [];
  for (let at = 0; at < texts.length; ) {
    const first = texts[at] ?? "";
    if (first.length === from) {
      options.push('""');
      at += 1;
      continue;
    }
    const char = firstChar(first, from);
    let end = at + 1;
    while (end < texts.length && texts[end]?.startsWith(char, from)) end += 1;
    const group = texts.slice(at, end);
    const shared = sharedLength(first, group.at(-1) ?? first);
    if (group.length === 1) options.push(write(first.slice(from)));
    else options.push(`${write(first.slice(from, shared))} ${anyOf(branches(group, shared, write))}`);
    at = end;
  }
  return options;
}

/** Of sorted texts, what the first and the last share is shared by all. Never ends within a surrogate pair. */
function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return /[\ud800-\udbff]$/.test(a.slice(0, length)) ? length - 1 : length;
}

function firstChar(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}
