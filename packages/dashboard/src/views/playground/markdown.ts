import { type Inline, parseInlines } from "./markdown-inline.ts";

export type { Inline } from "./markdown-inline.ts";

export type Align = "left" | "center" | "right";

/** A part of an answer, as it is shown. */
export type Block =
  | { readonly kind: "paragraph"; readonly inlines: readonly Inline[] }
  | { readonly kind: "heading"; readonly level: number; readonly inlines: readonly Inline[] }
  | { readonly kind: "code"; readonly language: string; readonly text: string }
  | { readonly kind: "quote"; readonly blocks: readonly Block[] }
  | {
      readonly kind: "list";
      readonly isOrdered: boolean;
      readonly start: number;
      readonly items: readonly (readonly Block[])[];
    }
  | {
      readonly kind: "table";
      readonly aligns: readonly Align[];
      readonly head: readonly (readonly Inline[])[];
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    }
  | { readonly kind: "rule" };

/** Deeper lists and quotes are shown as they are written. */
const maxDepth = 5;
const maxColumns = 16;
const maxRows = 500;

/**
 * Reads the Markdown that models write: paragraphs, headings, lists, quotes, code, small tables. HTML is text like any
 * other. A text that has just begun reads well too: code that is not closed yet is code.
 */
export function parseMarkdown(text: string): readonly Block[] {
  return blocksOf(text.replaceAll("\r\n", "\n").split("\n"), 0);
}

interface Taken {
  readonly block: Block;
  /** The line after it. */
  readonly next: number;
}

type Lines = readonly string[];

function blocksOf(lines: Lines, depth: number): readonly Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; ) {
    if (isBlank(lines[at])) {
      at += 1;
      continue;
    }
    const { block, next } = specialAt(lines, at, depth) ?? paragraphAt(lines, at, depth);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

function specialAt(lines: Lines, at: number, depth: number): Taken | undefined {
  const line = lines[at] ?? "";
  return (
    codeAt(lines, at) ??
    headingOf(line, at) ??
    ruleOf(line, at) ??
    tableAt(lines, at) ??
    (depth < maxDepth ? (quoteAt(lines, at, depth) ?? listAt(lines, at, depth)) : undefined)
  );
}

function paragraphAt(lines: Lines, at: number, depth: number): Taken {
  let next = at + 1;
  while (next < lines.length && !isBlank(lines[next]) && !breaksParagraph(lines, next, depth)) next += 1;
  const text = lines
    .slice(at, next)
    .map((line) => line.trim())
    .join("\n");
  return { block: { kind: "paragraph", inlines: parseInlines(text) }, next };
}

function breaksParagraph(lines: Lines, at: number, depth: number): boolean {
  const line = lines[at] ?? "";
  if (fenceOf(line) !== undefined || headingOf(line, at) !== undefined || ruleOf(line, at) !== undefined)
    return true;
  if (tableAt(lines, at) !== undefined) return true;
  return depth < maxDepth && (/^ {0,3}>/.test(line) || markerOf(line) !== undefined);
}

function fenceOf(
  line: string,
): { readonly fence: string; readonly indent: number; readonly language: string } | undefined {
  const [, space = "", fence, language = ""] = /^( {0,12})(`{3,}|~{3,})\s*([^\s`]*)/.exec(line) ?? [];
  return fence === undefined ? undefined : { fence, indent: space.length, language: language.slice(0, 40) };
}

function codeAt(lines: Lines, at: number): Taken | undefined {
  const opened = fenceOf(lines[at] ?? "");
  if (opened === undefined) return undefined;
  let next = at + 1;
  const isEnd = (line: string) =>
    line.trim().startsWith(opened.fence) && line.trim().replaceAll(opened.fence[0] ?? "", "") === "";
  while (next < lines.length && !isEnd(lines[next] ?? "")) next += 1;
  const text = lines.slice(at + 1, next).map((line) => withoutIndent(line, opened.indent));
  return { block: { kind: "code", language: opened.language, text: text.join("\n") }, next: next + 1 };
}

function headingOf(line: string, at: number): Taken | undefined {
  const [, hashes, words = ""] = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/.exec(line) ?? [];
  if (hashes === undefined) return undefined;
  const inlines = parseInlines(
    words
      .trim()
      .replace(/[ \t]#{1,6}$/, "")
      .trim(),
  );
  return { block: { kind: "heading", level: hashes.length, inlines }, next: at + 1 };
}

function ruleOf(line: string, at: number): Taken | undefined {
  const bare = line.replaceAll(/[ \t]/g, "");
  if (bare.length < 3 || !["-", "*", "_"].some((char) => bare.replaceAll(char, "") === "")) return undefined;
  return { block: { kind: "rule" }, next: at + 1 };
}

function quoteAt(lines: Lines, at: number, depth: number): Taken | undefined {
  let next = at;
  while (/^ {0,3}>/.test(lines[next] ?? "")) next += 1;
  if (next === at) return undefined;
  const inner = lines.slice(at, next).map((line) => line.replace(/^ {0,3}> ?/, ""));
  return { block: { kind: "quote", blocks: blocksOf(inner, depth + 1) }, next };
}

interface Marker {
  readonly isOrdered: boolean;
  readonly number: number;
  readonly indent: number;
  /** Where the item's text begins. */
  readonly width: number;
}

function markerOf(line: string): Marker | undefined {
  const [, space = "", mark, gap = ""] = /^([ \t]{0,12})([-*+]|\d{1,9}[.)])([ \t]+(?=\S)|$)/.exec(line) ?? [];
  if (mark === undefined) return undefined;
  const isOrdered = /^\d/.test(mark);
  const width = space.length + mark.length + Math.min(gap.length, 4);
  return { isOrdered, number: isOrdered ? Number.parseInt(mark, 10) : 1, indent: space.length, width };
}

function listAt(lines: Lines, at: number, depth: number): Taken | undefined {
  const first = markerOf(lines[at] ?? "");
  if (first === undefined) return undefined;
  const items: (readonly Block[])[] = [];
  let next = at;
  for (let marker: Marker | undefined = first; marker !== undefined; ) {
    const end = itemEnd(lines, next + 1, marker);
    const { width } = marker;
    const inner = [
      (lines[next] ?? "").slice(width),
      ...lines.slice(next + 1, end).map((line) => withoutIndent(line, width)),
    ];
    items.push(blocksOf(inner, depth + 1));
    next = end;
    const following = skipBlank(lines, next);
    const candidate = markerOf(lines[following] ?? "");
    const isSame =
      candidate?.isOrdered === first.isOrdered &&
      candidate.indent <= first.indent + 1 &&
      !isRule(lines[following]);
    marker = isSame ? candidate : undefined;
    if (marker !== undefined) next = following;
  }
  return { block: { kind: "list", isOrdered: first.isOrdered, start: first.number, items }, next };
}

/** The line after an item: what is further in than its marker belongs to it, and lines that simply go on. */
function itemEnd(lines: Lines, from: number, marker: Marker): number {
  let end = from;
  let isAfterBlank = false;
  for (let at = from; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (isBlank(line)) {
      isAfterBlank = true;
      continue;
    }
    const isInside = indentOf(line) > marker.indent + 1;
    const goesOn =
      !isAfterBlank && markerOf(line) === undefined && !isRule(line) && fenceOf(line) === undefined;
    if (!isInside && !goesOn) return end;
    isAfterBlank = false;
    end = at + 1;
  }
  return end;
}

function tableAt(lines: Lines, at: number): Taken | undefined {
  const headLine = lines[at] ?? "";
  if (!headLine.includes("|")) return undefined;
  const aligns = alignsOf(lines[at + 1] ?? "");
  const head = cellsOf(headLine);
  if (aligns === undefined || aligns.length !== head.length || head.length > maxColumns) return undefined;
  let next = at + 2;
  while (next < lines.length && next - at < maxRows && (lines[next] ?? "").includes("|")) next += 1;
  const rows = lines.slice(at + 2, next).map((line) => {
    const cells = cellsOf(line);
    return head.map((_, index) => parseInlines(cells[index] ?? ""));
  });
  return { block: { kind: "table", aligns, head: head.map((cell) => parseInlines(cell)), rows }, next };
}

function alignsOf(line: string): readonly Align[] | undefined {
  if (!line.includes("-")) return undefined;
  const cells = cellsOf(line);
  if (!cells.every((cell) => /^:?-+:?$/.test(cell))) return undefined;
  return cells.map((cell) => {
    if (!cell.endsWith(":")) return "left";
    return cell.startsWith(":") ? "center" : "right";
  });
}

function cellsOf(line: string): readonly string[] {
  const bare = line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return bare.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function isRule(line: string | undefined): boolean {
  return ruleOf(line ?? "", 0) !== undefined;
}

function isBlank(line: string | undefined): boolean {
  return line === undefined || line.trim() === "";
}

function skipBlank(lines: Lines, from: number): number {
  let at = from;
  while (at < lines.length && isBlank(lines[at])) at += 1;
  return at;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function withoutIndent(line: string, width: number): string {
  return line.slice(Math.min(width, indentOf(line)));
}
