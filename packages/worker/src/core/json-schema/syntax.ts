import type { CodePoints } from "./code-points.ts";

/** How JSON values are written, in GBNF. What a schema means is the same in each. */
export interface Syntax {
  /** Before and after a string's characters. */
  readonly quote: string;
  /** One character of `set` inside a string; undefined when none can be written. */
  char(set: CodePoints): string | undefined;
  /** The characters of any string. */
  anyText(): string;
  /** A value as text for `literal`; undefined when it cannot be written. */
  write(value: unknown): string | undefined;
  /** A property's name and its colon, likewise. */
  writeKey(name: string): string | undefined;
  literal(text: string): string;
  /** Names that a schema allows without listing them. */
  readonly otherKeys: {
    readonly open: string;
    readonly close: string;
    readonly chars: CodePoints;
    readonly mayBeEmpty: boolean;
  };
  /** The blanks that may stand after a colon, and around and between the members of a list. */
  readonly afterColon: string;
  gap(): string;
}

/** Expressions one after another, without those that write nothing. */
export function sequence(...parts: readonly string[]): string {
  const written = parts.filter((part) => part !== "" && part !== '""');
  return written.length === 0 ? '""' : written.join(" ");
}
