import { InvalidArgumentError } from "commander";
import type { CommandIo } from "../command-io.ts";
import type { ScreenSize } from "./render-top.ts";

/** What standard input and output can do where they are a terminal. */
interface TerminalParts {
  readonly columns?: number;
  readonly rows?: number;
  setRawMode?(isRaw: boolean): void;
}

const usual = { columns: 80, rows: 24 } as const;
const pipeColumns = 120;
const mostColumns = 1_000;

/** The size of the terminal, which may be another each time that it is asked. */
export function terminalSize({ stdout }: Pick<CommandIo, "stdout">): ScreenSize {
  const { columns, rows } = stdout as TerminalParts;
  return { columns: columns || usual.columns, rows: rows || usual.rows };
}

/** For one picture: as high as it needs, as wide as the terminal or, in a pipe, as COLUMNS says. */
export function pictureSize({ stdout, env }: Pick<CommandIo, "stdout" | "env">): ScreenSize {
  const given = Number(env["COLUMNS"]);
  const wanted = Number.isSafeInteger(given) && given > 0 ? given : pipeColumns;
  const { columns } = stdout as TerminalParts;
  return { columns: Math.min(mostColumns, columns || wanted), rows: undefined };
}

/** For commander: `80x24`. */
export function sizeOption(given: string): ScreenSize {
  const [, columns, rows] = /^(\d{1,4})x(\d{1,4})$/.exec(given) ?? [];
  if (Number(columns) > 0 && Number(rows) > 0) return { columns: Number(columns), rows: Number(rows) };
  throw new InvalidArgumentError("It must be columns and rows: 80x24.");
}

/** Has each key come at once and unseen; the result puts that back. */
export function typedRaw(io: Pick<CommandIo, "stdin">, onText: (text: string) => void): () => void {
  const { stdin } = io;
  const terminal = stdin as TerminalParts;
  const listen = (chunk: Buffer | string) => onText(chunk.toString());
  terminal.setRawMode?.(true);
  stdin.on("data", listen);
  return () => {
    stdin.off("data", listen);
    terminal.setRawMode?.(false);
    stdin.pause();
  };
}
