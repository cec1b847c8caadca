import { MusterError, printableText } from "@muster/base";
import type { Batch, Muster } from "@muster/sdk";
import type { CommandIo } from "../command-io.ts";
import { formatCount, formatDuration } from "../format.ts";
import { createProgressDisplay } from "./progress-display.ts";

/** Errors of an input that are shown; the server keeps more. */
const shownErrors = 10;

/** Waits until a batch is over, and shows how far it is. */
export async function followBatch(
  io: CommandIo,
  client: Muster,
  { id, isJson, signal }: { readonly id: string; readonly isJson: boolean; readonly signal: AbortSignal },
): Promise<Batch> {
  const display = createProgressDisplay(io, { isJson });
  try {
    return await client.batches.wait(id, {
      signal,
      onProgress: (now) => display.show(now),
      onOutage: (error) => display.outage(error),
    });
  } finally {
    display.end();
  }
}

/** What became of a batch, for people: `998 answers, 2 lines failed, in 3 min 5 s`. */
export function outcomeText(batch: Batch): string {
  const { completed, failed, total } = batch.request_counts;
  const undone = total - completed - failed;
  const endedAt = batch.completed_at ?? batch.expired_at ?? batch.cancelled_at;
  const parts = [
    formatCount(completed, "answer"),
    failed === 0 ? "" : `${formatCount(failed, "line")} failed`,
    undone === 0 ? "" : `${formatCount(undone, "line")} never ran`,
    endedAt ? `in ${formatDuration(Math.max(1, endedAt - batch.created_at) * 1_000)}` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/** Why a batch has `failed`: its input is wrong. */
export function refusalOf(batch: Batch): MusterError {
  const errors = batch.errors?.data ?? [];
  const count = Math.max(errors.length, batch.muster.error_count ?? 0);
  const lines = errors
    .slice(0, shownErrors)
    .map(({ line, message }) => `  ${line ? `request ${line}: ` : ""}${printableText(message)}`);
  const more = count > lines.length ? [`  and ${count - lines.length} more`] : [];
  const head = `The server refuses the input, and nothing has run (${formatCount(count, "error")}):`;
  return new MusterError("invalid_request", [head, ...lines, ...more].join("\n"));
}
