import { printableText } from "@muster/base";
import type { CommandIo } from "./command-io.ts";

export type Colour = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Cell = string | { readonly text: string; readonly colour: Colour };

export interface TableStyle {
  /** Width of the terminal; undefined never cuts. */
  readonly columns?: number | undefined;
  readonly isColoured?: boolean | undefined;
}

const gap = "  ";
/** No column is cut shorter than this. */
const narrowestColumn = 6;
const sgr: Readonly<Record<Colour, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** How to draw for a reader: colours and a width on a terminal only, and no colours under NO_COLOR (no-color.org). */
export function tableStyle(io: Pick<CommandIo, "stdout" | "env" | "isTty">): TableStyle {
  if (!io.isTty) return {};
  const { columns } = io.stdout as { columns?: number };
  const isColoured = !io.env["NO_COLOR"] && io.env["TERM"] !== "dumb";
  return { columns: columns !== undefined && columns > 0 ? columns : undefined, isColoured };
}

/**
 * Rows as an aligned table, the first row as its head; without a line end at the end. Columns of numbers lean right.
 * A table that is too wide loses the ends of its widest cells.
 */
export function renderTable(rows: readonly (readonly Cell[])[], style: TableStyle = {}): string {
  const texts = rows.map((row) => row.map((cell) => oneLine(textOf(cell))));
  const count = Math.max(0, ...texts.map((row) => row.length));
  const columns = Array.from({ length: count }, (_none, column) => texts.map((row) => row[column] ?? ""));
  const widths = fitted(
    columns.map((cells) => Math.max(...cells.map(displayWidth))),
    style.columns,
  );
  const isRight = columns.map(([, ...cells]) => cells.some((cell) => cell !== "") && cells.every(isNumeric));
  const lines = rows.map((row, rowIndex) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      const text = clip(texts[rowIndex]?.[column] ?? "", width);
      const space = " ".repeat(width - displayWidth(text));
      const colour = rowIndex === 0 ? "bold" : colourOf(cell);
      const painted = paint(text, colour, style);
      return isRight[column] ? space + painted : painted + space;
    });
    return cells.join(gap).trimEnd();
  });
  return lines.join("\n");
}

export function paint(text: string, colour: Colour | undefined, style: TableStyle): string {
  return style.isColoured && colour !== undefined && text !== ""
    ? `\u001b[${sgr[colour]}m${text}\u001b[0m`
    : text;
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** Cells of a terminal that a text takes: two for East Asian wide characters and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOf(segment);
  return width;
}

function widthOf(grapheme: string): number {
  if (/^\p{M}+$|^\p{Cf}+$/u.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}

export function clip(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Takes from the widest column until the table fits. */
function fitted(widths: readonly number[], limit: number | undefined): number[] {
  const result = [...widths];
  if (limit === undefined) return result;
  const room = limit - gap.length * (result.length - 1);
  for (let excess = result.reduce((sum, width) => sum + width, 0) - room; excess > 0; excess--) {
    const widest = Math.max(...result);
    if (widest <= narrowestColumn) break;
    result[result.indexOf(widest)] = widest - 1;
  }
  return result;
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

function colourOf(cell: Cell): Colour | undefined {
  return typeof cell === "string" ? undefined : cell.colour;
}

function oneLine(text: string): string {
  return printableText(text).replace(/\s+/g, " ");
}

/** A number, perhaps with a unit or another after a slash; empty cells and dashes go along. */
function isNumeric(cell: string): boolean {
  return /^(-?|\d[\d.,/]*( ?[\p{L}%/]+)?)$/u.test(cell);
}
