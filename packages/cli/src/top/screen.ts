import type { Writable } from "node:stream";

/** The whole of a terminal, until it is closed: what was on it before is back then. */
export interface Screen {
  /** Shows these lines and nothing else, in one write. */
  draw(lines: readonly string[]): void;
  /** The terminal has another size: what it shows cannot be relied on. */
  resized(): void;
  close(): void;
}

/** The other screen, no cursor, and no new line where a terminal finds a letter wider than we do; and back. */
const enter = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const leave = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const clear = "\u001b[H\u001b[2J";
const clearLineEnd = "\u001b[K";
/** Terminals that know these show all that is between at once; others pass over them. */
const [beginFrame, endFrame] = ["\u001b[?2026h", "\u001b[?2026l"];

/** Takes the terminal behind `out`. Only lines that have changed are written; a slow terminal misses frames. */
export function openScreen(out: Writable): Screen {
  let shown: readonly string[] | undefined;
  let waiting: readonly string[] | undefined;
  let isBusy = false;
  let isOpen = true;
  out.write(enter);

  const write = (lines: readonly string[]) => {
    const changes = changesBetween(shown, lines);
    shown = lines;
    if (changes === "" || out.write(beginFrame + changes + endFrame)) return;
    isBusy = true;
    out.once("drain", () => {
      isBusy = false;
      const latest = waiting;
      waiting = undefined;
      if (isOpen && latest !== undefined) write(latest);
    });
  };
  return {
    draw(lines) {
      if (!isOpen) return;
      if (isBusy) waiting = lines;
      else write(lines);
    },
    resized() {
      shown = undefined;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      out.write(leave);
    },
  };
}

/** What turns one picture into the other. */
function changesBetween(before: readonly string[] | undefined, lines: readonly string[]): string {
  const old = before ?? [];
  const count = Math.max(old.length, lines.length);
  let changes = before === undefined ? clear : "";
  for (let row = 0; row < count; row++) {
    const line = lines[row] ?? "";
    if (line === (old[row] ?? "")) continue;
    // Cleared first: behind a line that is as wide as the screen, some would clear its last letter.
    changes += `\u001b[${row + 1};1H${clearLineEnd}${line}`;
  }
  return changes;
}
