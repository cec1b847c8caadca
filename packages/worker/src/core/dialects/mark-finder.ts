import { longestOpenPrefix } from "../stop-matcher.ts";

export interface FoundMark {
  /** Text before the mark; without one, text in which no mark can begin any more. */
  readonly text: string;
  readonly mark: string | undefined;
  /** What follows the mark, or may be the beginning of one. */
  readonly rest: string;
}

/** Finds the first of the marks in a text, the longer of two that begin together. */
export function findMark(text: string, marks: readonly string[]): FoundMark {
  let found: { readonly at: number; readonly mark: string } | undefined;
  for (const mark of marks) {
    const at = text.indexOf(mark);
    if (at < 0) continue;
    const isBetter =
      found === undefined || at < found.at || (at === found.at && mark.length > found.mark.length);
    if (isBetter) found = { at, mark };
  }
  if (found !== undefined) {
    const { at, mark } = found;
    return { text: text.slice(0, at), mark, rest: text.slice(at + mark.length) };
  }
  const open = longestOpenPrefix(text, marks);
  const end = text.length - open;
  return { text: text.slice(0, end), mark: undefined, rest: text.slice(end) };
}
