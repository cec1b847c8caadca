import { printableName } from "@muster/base";
import { type Cell, type Colour, clip, displayWidth, paint, type TableStyle } from "../table.ts";

/** One line of the screen, in pieces that have a colour each. */
export type Line = readonly Cell[];

const longestText = 400;

/** Text from elsewhere as part of a line. */
export function text(words: string, colour?: Colour): Cell {
  const clean = printableName(words, longestText);
  return colour === undefined ? clean : { text: clean, colour };
}

export function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

export function widthOf(line: Line): number {
  return line.reduce((width, cell) => width + displayWidth(textOf(cell)), 0);
}

/** At most so wide, with an ellipsis where something is left out. */
export function cut(line: Line, width: number): Line {
  if (widthOf(line) <= width) return line;
  const kept: Cell[] = [];
  let room = width;
  for (const cell of line) {
    const whole = textOf(cell);
    if (displayWidth(whole) < room) {
      kept.push(cell);
      room -= displayWidth(whole);
      continue;
    }
    const rest = room <= 0 ? "" : clip(`${whole} `, room);
    kept.push(typeof cell === "string" ? rest : { ...cell, text: rest });
    return kept;
  }
  return kept;
}

/** Exactly so wide. */
export function padded(cell: Cell, width: number, isRight = false): Line {
  const [only = ""] = cut([cell], width);
  const space = " ".repeat(Math.max(0, width - displayWidth(textOf(only))));
  return isRight ? [space, only] : [only, space];
}

/** As many of the pieces as there is room for, with space between them: what is first is there for certain. */
export function joined(pieces: readonly Line[], width: number, gap = "   "): Line {
  const line: Cell[] = [];
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    const more = line.length === 0 ? piece : [gap, ...piece];
    if (line.length > 0 && widthOf(line) + widthOf(more) > width) continue;
    line.push(...more);
  }
  return cut(line, width);
}

/** One piece at each end of a line. */
export function apart(left: Line, right: Line, width: number): Line {
  const space = width - widthOf(left) - widthOf(right);
  return space < 2 ? cut(left, width) : [...left, " ".repeat(space), ...right];
}

export function painted(line: Line, style: TableStyle): string {
  const pieces = line.map((cell) => (typeof cell === "string" ? cell : paint(cell.text, cell.colour, style)));
  return pieces.join("").trimEnd();
}
