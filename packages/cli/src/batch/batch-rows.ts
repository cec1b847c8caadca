import type { Batch, BatchStatus } from "@muster/sdk";
import { formatDuration } from "../format.ts";
import type { Cell, Colour } from "../table.ts";
import { standing } from "./progress-text.ts";

const colours: Readonly<Partial<Record<BatchStatus, Colour>>> = {
  validating: "yellow",
  in_progress: "green",
  finalizing: "yellow",
  cancelling: "yellow",
  failed: "red",
  expired: "red",
  cancelled: "dim",
};

/** Batches for a table. `nowMs` is the wall clock. */
export function batchRows(batches: readonly Batch[], nowMs: number): Cell[][] {
  const rows = batches.map((batch): Cell[] => {
    const { total, completed, failed } = batch.muster.progress;
    return [
      batch.id,
      statusCell(batch),
      total === 0 ? "-" : `${number(completed + failed)}/${number(total)}`,
      failed === 0 ? "-" : { text: number(failed), colour: "red" },
      leftText(batch, nowMs),
      formatDuration(Math.max(0, nowMs - batch.created_at * 1_000)),
    ];
  });
  return [["batch", "status", "lines", "failed", "left", "age"], ...rows];
}

/** A batch in full: names and values. */
export function batchDetails(batch: Batch, nowMs: number): Cell[][] {
  const { muster, usage, errors } = batch;
  const { total, completed, failed, cached } = muster.progress;
  const wait = standing(batch);
  const rows: (readonly [string, Cell | undefined])[] = [
    ["status", statusCell(batch)],
    ["now", wait],
    ["endpoint", batch.endpoint],
    ["model", batch.model ?? undefined],
    ["lines", total === 0 ? undefined : `${number(completed + failed)} of ${number(total)}`],
    ["failed", failed === 0 ? undefined : { text: number(failed), colour: "red" }],
    ["from the cache", cached === 0 ? undefined : number(cached)],
    ["left", leftText(batch, nowMs) === "-" ? undefined : leftText(batch, nowMs)],
    ["tokens", usage ? `${number(usage.input_tokens)} in, ${number(usage.output_tokens)} out` : undefined],
    ["priority", muster.priority],
    ["created", timeText(batch.created_at)],
    ["ended", timeText(batch.completed_at ?? batch.failed_at ?? batch.expired_at ?? batch.cancelled_at)],
    ["window", `${batch.completion_window}, until ${timeText(batch.expires_at) ?? "-"}`],
    ["input", batch.input_file_id],
    ["output", batch.output_file_id ?? undefined],
    ["errors", batch.error_file_id ?? undefined],
    ["provenance", muster.provenance_file_id ?? undefined],
    ...(errors?.data ?? []).map(
      ({ line, message }) => [line ? `request ${line}` : "input", { text: message, colour: "red" }] as const,
    ),
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

function statusCell({ status, muster }: Batch): Cell {
  const text = status === "in_progress" && muster.paused ? "paused" : status.replaceAll("_", " ");
  const colour = text === "paused" ? "yellow" : colours[status];
  return colour === undefined ? text : { text, colour };
}

function leftText({ muster: { forecast } }: Batch, nowMs: number): string {
  if (forecast === null || forecast.finish_at === null) return "-";
  return formatDuration(Math.max(0, forecast.finish_at * 1_000 - nowMs));
}

/** In the time zone of whoever reads it. */
function timeText(seconds: number | null | undefined): string | undefined {
  return seconds ? new Date(seconds * 1_000).toLocaleString("sv-SE") : undefined;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
