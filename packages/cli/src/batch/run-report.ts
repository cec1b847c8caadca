import type { Batch } from "@muster/sdk";
import { type CommandIo, exitCodes } from "../command-io.ts";
import { paint } from "../table.ts";
import { statePath } from "./batch-state.ts";
import { outcomeText } from "./follow-batch.ts";
import { terminalStyle } from "./progress-display.ts";
import type { Written } from "./write-results.ts";

/** What `muster batch run` says on its way: lines on standard error, or events on standard output. */
export interface RunReport {
  step(says: string): void;
  begun(batchId: string, isResumed: boolean): void;
  detached(batchId: string): void;
  /** Ctrl-C; undefined where there is no batch yet. */
  left(batchId: string | undefined): void;
  over(batch: Batch, written: Written): void;
}

export interface ReportOptions {
  readonly output: string;
  readonly isJson: boolean;
  /** Nobody waits for the batch. */
  readonly isDetached?: boolean;
}

export function createRunReport(
  io: CommandIo,
  { output, isJson, isDetached = false }: ReportOptions,
): RunReport {
  const style = terminalStyle(io) ?? {};
  const say = (text: string) => io.stderr.write(`${text}\n`);
  const note = (text: string) => {
    if (!isJson) say(text);
  };
  const event = (name: string, fields: object) => {
    if (isJson) io.stdout.write(`${JSON.stringify({ event: name, ...fields })}\n`);
  };
  return {
    step: note,
    begun(batchId, isResumed) {
      event("submitted", { batch_id: batchId, is_resumed: isResumed });
      if (isDetached) return;
      const from = isResumed ? `Back at batch ${batchId}, from ${statePath(output)}` : `Batch ${batchId}`;
      note(`${from}  ${paint("(Ctrl-C leaves, and it goes on)", "dim", style)}`);
    },
    detached(batchId) {
      if (!isJson) io.stdout.write(`${batchId}\n`);
      note(howToReturn(batchId, output));
    },
    left(batchId) {
      event("left", { batch_id: batchId ?? null });
      if (batchId === undefined) say("\nLeft before there was a batch. The same command again goes on.");
      else say(`\nBatch ${batchId} goes on at the server.\n${howToReturn(batchId, output)}`);
    },
    over(batch, written) {
      const { completed, failed, total } = batch.request_counts;
      const isWhole = batch.status === "completed" && failed === 0;
      const { status, id } = batch;
      event("finished", { batch_id: id, status, completed, failed, total, ...orNull(written) });
      const name = paint(written.output, isWhole ? "green" : "yellow", style);
      note(`${name}  ${outcomeText(batch)}`);
      if (written.errors !== undefined)
        note(`${paint(written.errors, "red", style)}  why lines have no answer`);
      if (written.provenance !== undefined) note(`${written.provenance}  where each answer came from`);
      if (status !== "completed") say(endOf(batch));
      if (!isWhole) io.setExitCode(exitCodes.failure);
    },
  };
}

function howToReturn(batchId: string, output: string): string {
  return [
    `  Come back  the same command again, or: muster batch results ${batchId} -o ${shellWord(output)}`,
    `  Look       muster batch show ${batchId}`,
    `  Stop it    muster batch cancel ${batchId}`,
  ].join("\n");
}

function endOf({ status, completion_window, id }: Batch): string {
  if (status === "expired") {
    return `Batch ${id} did not end within ${completion_window}. A longer --window helps, or --priority high.`;
  }
  return `Batch ${id} was cancelled. What was done by then is in the files.`;
}

function orNull({ output, errors, provenance }: Written) {
  return { output, errors: errors ?? null, provenance: provenance ?? null };
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
