import { type Cell, displayWidth } from "../table.ts";
import { type Line, padded, textOf } from "./line.ts";

export interface Column<Row> {
  readonly head: string;
  /** Letters that it always has. */
  readonly width: number;
  /** It takes what is left over, as far as it has something to say. */
  readonly grows?: boolean;
  readonly isRight?: boolean;
  /** Where there is too little room, the column with the highest goes first. */
  readonly rank: number;
  readonly cell: (row: Row) => Cell | Line;
}

const gap = "  ";

/**
 * Rows under a head, as columns that stay where they are from one picture to the next. The first line is the head.
 * Columns that there is no room for are left out.
 */
export function columnTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): Line[] {
  const shown = withRoom(columns, width);
  const cells = rows.map((row) => shown.map(({ cell }) => cell(row)));
  const widths = grown(shown, cells, width);
  const head = shown.flatMap(({ head, isRight }, at) => [
    ...(at === 0 ? [] : [gap]),
    ...padded({ text: head, colour: "bold" }, widths[at] ?? 0, isRight),
  ]);
  const lines = cells.map((row) =>
    row.flatMap((cell, at) => [
      ...(at === 0 ? [] : [gap]),
      ...filled(cell, widths[at] ?? 0, shown[at]?.isRight),
    ]),
  );
  return [head, ...lines];
}

function withRoom<Row>(columns: readonly Column<Row>[], width: number): Column<Row>[] {
  const shown = [...columns];
  while (shown.length > 1 && leastWidth(shown) > width) {
    const last = Math.max(...shown.map(({ rank }) => rank));
    shown.splice(
      shown.findLastIndex(({ rank }) => rank === last),
      1,
    );
  }
  return shown;
}

function leastWidth(columns: readonly { readonly width: number }[]): number {
  return columns.reduce((sum, column) => sum + column.width, 0) + gap.length * (columns.length - 1);
}

function grown<Row>(
  columns: readonly Column<Row>[],
  cells: readonly (readonly (Cell | Line)[])[],
  width: number,
): number[] {
  let left = Math.max(0, width - leastWidth(columns));
  return columns.map((column, at) => {
    if (!column.grows) return Math.min(column.width, width);
    const longest = cells.reduce((most, row) => Math.max(most, cellWidth(row[at] ?? "")), column.head.length);
    const more = Math.max(0, Math.min(left, longest - column.width));
    left -= more;
    return Math.min(column.width + more, width);
  });
}

function filled(cell: Cell | Line, width: number, isRight: boolean | undefined): Line {
  if (!isLine(cell)) return padded(cell, width, isRight);
  const space = " ".repeat(Math.max(0, width - cellWidth(cell)));
  return isRight ? [space, ...cell] : [...cell, space];
}

function cellWidth(cell: Cell | Line): number {
  const pieces = isLine(cell) ? cell : [cell];
  return pieces.reduce((sum, piece) => sum + displayWidth(textOf(piece)), 0);
}

function isLine(cell: Cell | Line): cell is Line {
  return Array.isArray(cell);
}
