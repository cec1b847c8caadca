import { printableText } from "@muster/base";
import type { Batch, MusterApiError } from "@muster/sdk";
import type { CommandIo } from "../command-io.ts";
import type { TableStyle } from "../table.ts";
import { ProgressMeter } from "./progress.ts";
import { drawnProgress, isOver, plainProgress, standing } from "./progress-text.ts";

export interface ProgressDisplay {
  show(batch: Batch): void;
  /** The server does not answer. */
  outage(error: MusterApiError): void;
  /** Before anything else is written. */
  end(): void;
}

/** How often a line is written where it cannot be drawn over. */
const plainStepMs = 5_000;
const jsonStepMs = 1_000;
const clearLine = "\r\u001b[K";

export interface DisplayOptions {
  readonly isJson: boolean;
  /** Never goes back. */
  readonly nowMs?: () => number;
  readonly wallMs?: () => number;
}

/** Shows on standard error how far a batch is: a bar on a terminal, else a line now and then; or as JSON on standard output. */
export function createProgressDisplay(
  io: Pick<CommandIo, "stdout" | "stderr" | "env">,
  options: DisplayOptions,
): ProgressDisplay {
  const { isJson, nowMs = () => performance.now(), wallMs = () => Date.now() } = options;
  const meter = new ProgressMeter();
  const style = terminalStyle(io);
  const write = isJson
    ? every(jsonStepMs, (batch, progress) =>
        io.stdout.write(
          `${JSON.stringify({ event: "progress", batch_id: batch.id, status: batch.status, ...progress })}\n`,
        ),
      )
    : style === undefined
      ? every(plainStepMs, (batch, progress) => {
          // How it ended is told by whoever waited.
          if (!isOver(batch)) io.stderr.write(`${plainProgress(batch, progress)}\n`);
        })
      : undefined;
  let isDrawn = false;
  let isAway = false;
  const clear = () => {
    if (isDrawn) io.stderr.write(clearLine);
    isDrawn = false;
  };
  return {
    show(batch) {
      isAway = false;
      const atMs = nowMs();
      const progress = meter.add(batch, { nowMs: atMs, wallMs: wallMs() });
      if (write !== undefined) write(batch, progress, atMs);
      else {
        const columns = (io.stderr as { columns?: number }).columns;
        io.stderr.write(clearLine + drawnProgress(batch, progress, { ...style, columns }));
        isDrawn = true;
      }
    },
    outage(error) {
      if (isAway) return;
      isAway = true;
      clear();
      io.stderr.write(`${printableText(error.message)} Trying again; what is done is kept.\n`);
    },
    end: clear,
  };
}

type Write = (batch: Batch, progress: ReturnType<ProgressMeter["add"]>, atMs: number) => void;

/** Lets through what says something new, and else one in so many milliseconds. */
function every(stepMs: number, write: (batch: Batch, progress: Parameters<Write>[1]) => void): Write {
  let shownMs = Number.NEGATIVE_INFINITY;
  let shown: string | undefined;
  return (batch, progress, atMs) => {
    const says = JSON.stringify([batch.status, standing(batch)]);
    if (says === shown && atMs - shownMs < stepMs) return;
    shown = says;
    shownMs = atMs;
    write(batch, progress);
  };
}

/** Undefined where standard error is no terminal. */
export function terminalStyle({ stderr, env }: Pick<CommandIo, "stderr" | "env">): TableStyle | undefined {
  if ((stderr as { isTTY?: boolean }).isTTY !== true || env["TERM"] === "dumb") return undefined;
  return { isColoured: !env["NO_COLOR"] };
}
