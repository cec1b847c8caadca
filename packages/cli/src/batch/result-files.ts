import { rm } from "node:fs/promises";
import { extname } from "node:path";
import { MusterError } from "@muster/base";
import type { Batch, Muster } from "@muster/sdk";
import { csvRow, type Delimiter } from "./csv-text.ts";
import { mergedResults } from "./merged-results.ts";
import { type Content, writeWholeFile } from "./whole-file.ts";

export const outputFormats = ["jsonl", "csv", "text"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** The rows that answers are put beside. */
export interface ResultTable {
  readonly head: readonly string[];
  readonly delimiter: Delimiter;
  /** In the order of the batch. */
  rows(): AsyncIterable<{ readonly customId: string; readonly cells: readonly string[] }>;
}

/** What a table gets; `error` says why an answer is empty. */
const addedColumns = ["answer", "error"] as const;

export function formatOf(path: string, given: OutputFormat | undefined): OutputFormat {
  if (given !== undefined) return given;
  const extension = extname(path).toLowerCase();
  return extension === ".csv" || extension === ".tsv" ? "csv" : extension === ".txt" ? "text" : "jsonl";
}

/** Where lines that failed go where nobody said: beside the answers. */
export function errorsPathOf(output: string): string {
  const extension = extname(output);
  return `${output.slice(0, output.length - extension.length)}.errors.jsonl`;
}

/** The answers of a batch that is over, in the order of its input. */
export function resultContent(
  client: Muster,
  batch: Batch,
  {
    format,
    table,
    signal,
  }: {
    readonly format: OutputFormat;
    readonly table: ResultTable;
    readonly signal: AbortSignal;
  },
): Content {
  const lines = (id: string | null | undefined) =>
    id ? client.files.content(id, { signal }).lines() : none<string>();
  // It ended before its input was read.
  const isEmpty = !batch.output_file_id && !batch.error_file_id;
  const merged = () =>
    mergedResults(table.rows(), {
      endpoint: batch.endpoint,
      output: lines(batch.output_file_id),
      errors: lines(batch.error_file_id),
      missing: isEmpty ? { text: "", error: `batch_${batch.status}` } : undefined,
    });
  switch (format) {
    case "jsonl":
      return fileContent(client, batch.output_file_id, signal);
    case "csv":
      return tableContent(table, merged());
    case "text":
      return textContent(merged());
  }
}

/** Writes the file of a batch if it has one; else takes away what an earlier run left under the name. */
export async function writeServerFile(
  client: Muster,
  id: string | null | undefined,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  if (id) await writeWholeFile(path, fileContent(client, id, signal), signal);
  else await rm(path, { force: true });
}

/** Throws `invalid_request` where a table has a column already that answers would go into. */
export function checkHead(head: readonly string[], path: string): void {
  const taken = addedColumns.find((name) => head.includes(name));
  if (taken === undefined) return;
  throw new MusterError(
    "invalid_request",
    `${path} has a column "${taken}" already, which is where results go. Rename it, or take --format jsonl.`,
  );
}

type Merged = ReturnType<
  typeof mergedResults<{ readonly customId: string; readonly cells: readonly string[] }>
>;

async function* tableContent({ head, delimiter }: ResultTable, merged: Merged): AsyncGenerator<string, void> {
  yield csvRow([...head, ...addedColumns], delimiter);
  for await (const { row, answer } of merged)
    yield csvRow([...row.cells, answer.text, answer.error], delimiter);
}

/** One answer in each line, so that lines match those of the input: line ends within one are written as \n. */
async function* textContent(merged: Merged): AsyncGenerator<string, void> {
  for await (const { answer } of merged) {
    yield `${answer.text.trim().replaceAll("\\", "\\\\").replaceAll(/\r?\n/g, "\\n")}\n`;
  }
}

function fileContent(client: Muster, id: string | null | undefined, signal: AbortSignal): Content {
  return id ? client.files.content(id, { signal }).bytes() : none<Uint8Array>();
}

async function* none<T>(): AsyncGenerator<T, void> {}
