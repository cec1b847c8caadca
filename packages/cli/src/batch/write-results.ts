import { MusterError } from "@muster/base";
import type { Batch, Muster } from "@muster/sdk";
import {
  errorsPathOf,
  formatOf,
  type OutputFormat,
  type ResultTable,
  resultContent,
  writeServerFile,
} from "./result-files.ts";
import { writeWholeFile } from "./whole-file.ts";

export interface ResultFlags {
  readonly output?: string;
  readonly errors?: string;
  readonly provenance?: string;
  readonly format?: OutputFormat;
}

/** Where what became of a batch is, for whoever asked. */
export interface Written {
  readonly output: string;
  /** Undefined where no line failed, or the output itself says why. */
  readonly errors: string | undefined;
  readonly provenance: string | undefined;
}

/** Writes the files of a batch that is over. Throws a MusterError where there is no such file, or none can be written. */
export async function writeResults(
  client: Muster,
  batch: Batch,
  {
    flags,
    table,
    signal,
  }: {
    readonly flags: ResultFlags & { readonly output: string };
    readonly table: ResultTable;
    readonly signal: AbortSignal;
  },
): Promise<Written> {
  const { output, provenance } = flags;
  const format = formatOf(output, flags.format);
  await writeWholeFile(output, resultContent(client, batch, { format, table, signal }), signal);
  const errors = flags.errors ?? (format === "csv" ? undefined : errorsPathOf(output));
  if (errors !== undefined) {
    // What an earlier run left there would be taken for this one's.
    await writeServerFile(client, batch.error_file_id, { path: errors, signal });
  }
  if (provenance !== undefined) await writeProvenance(client, batch, { path: provenance, signal });
  return { output, provenance, errors: batch.error_file_id ? errors : undefined };
}

async function writeProvenance(
  client: Muster,
  batch: Batch,
  target: { readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  const id = batch.muster.provenance_file_id;
  if (!id) {
    throw new MusterError(
      "not_found",
      `Batch ${batch.id} has no provenance: it was not asked for, or nothing has run. \`muster batch run --provenance FILE\` asks.`,
    );
  }
  await writeServerFile(client, id, target);
}
