import type { LiveBatch } from "@muster/sdk";
import { bar } from "./bars.ts";
import { type Column, columnTable } from "./column-table.ts";
import { type Line, text } from "./line.ts";
import { count, share, timeLeft } from "./numbers.ts";

interface BatchRow {
  readonly batch: LiveBatch;
  /** Unix seconds, by the server's clock. */
  readonly at: number;
}

const barWidth = 16;

const columns: readonly Column<BatchRow>[] = [
  { head: "BATCH", width: 12, grows: true, rank: 0, cell: ({ batch }) => text(batch.name ?? batch.id) },
  { head: "STATE", width: 11, rank: 2, cell: ({ batch }) => text(batch.status.replaceAll("_", " ")) },
  { head: "PROGRESS", width: barWidth + 5, rank: 1, cell: ({ batch }) => progressOf(batch) },
  {
    head: "LINES",
    width: 12,
    isRight: true,
    rank: 4,
    cell: ({ batch }) => `${count(doneOf(batch))}/${count(batch.total)}`,
  },
  {
    head: "FAILED",
    width: 6,
    isRight: true,
    rank: 5,
    cell: ({ batch }) => (batch.failed === 0 ? "0" : { text: count(batch.failed), colour: "red" }),
  },
  { head: "LEFT", width: 10, isRight: true, rank: 3, cell: ({ batch, at }) => leftOf(batch, at) },
  { head: "MODEL", width: 8, grows: true, rank: 6, cell: ({ batch }) => text(batch.model ?? "-") },
];

/** The batches that are not over, the oldest first; none at all without any. */
export function batchLines(batches: Iterable<LiveBatch>, at: number, width: number): Line[] {
  const rows = [...batches]
    .sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1))
    .map((batch) => ({ batch, at }));
  return rows.length === 0 ? [] : columnTable(columns, rows, width);
}

function progressOf(batch: LiveBatch): Line {
  if (batch.total === 0) return [{ text: "-", colour: "dim" }];
  const parts = [
    { share: batch.completed / batch.total, mark: "█", colour: "green" },
    { share: batch.failed / batch.total, mark: "▒", colour: "red" },
  ] as const;
  // Only what is whole says so.
  const done = Math.floor((doneOf(batch) / batch.total) * 100) / 100;
  return [...bar(parts, barWidth), share(done).padStart(5)];
}

function doneOf({ completed, failed }: LiveBatch): number {
  return completed + failed;
}

function leftOf({ expected_end_at }: LiveBatch, at: number): string {
  return expected_end_at === null ? "-" : timeLeft(expected_end_at - at);
}
