import { once } from "node:events";
import { AbortedError, type Batch, type Muster } from "@muster/sdk";
import { Command } from "commander";
import { withResultOptions } from "../batch/batch-options.ts";
import { followBatch, refusalOf } from "../batch/follow-batch.ts";
import { resultContent } from "../batch/result-files.ts";
import { createRunReport } from "../batch/run-report.ts";
import { serverTable } from "../batch/server-table.ts";
import { checkTarget } from "../batch/whole-file.ts";
import { type ResultFlags, writeResults } from "../batch/write-results.ts";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import { type CommandIo, exitCodes } from "../command-io.ts";
import { runClientCommand } from "../run-client-command.ts";

interface ResultsFlags extends ResultFlags, ClientFlags {
  readonly force?: boolean;
  readonly json?: boolean;
}

interface ResultsContext {
  readonly io: CommandIo;
  readonly client: Muster;
  readonly flags: ResultsFlags;
  readonly signal: AbortSignal;
}

/** `muster batch results ID`: waits for a batch where it must, and gets its answers. */
export function batchResultsCommand(io: CommandIo): Command {
  const command = new Command("results")
    .description("get the answers of a batch in the order of its input; waits until it is over")
    .argument("<id>", "as `muster batch ls` shows it")
    .option("-o, --output <file>", "where they go (default: standard output)")
    .option("--force", "replace the output where it is there already")
    .option("--json", "print what happens as JSON lines; needs --output");
  return withClientOptions(withResultOptions(command)).action((id: string, flags: ResultsFlags) =>
    runClientCommand(io, (signal) => results(id, { io, client: createClient(flags, io), flags, signal })),
  );
}

async function results(id: string, context: ResultsContext): Promise<void> {
  const { io, client, flags, signal } = context;
  const { output } = flags;
  const isJson = flags.json === true && output !== undefined;
  if (output !== undefined) await checkTarget(output, { mayReplace: flags.force === true });
  const report = createRunReport(io, { output: output ?? "ANSWERS.jsonl", isJson });
  try {
    const batch = await followBatch(io, client, { id, isJson, signal });
    if (batch.status === "failed") throw refusalOf(batch);
    if (output === undefined) await print(batch, context);
    else {
      const table = serverTable(client, batch, signal);
      report.over(batch, await writeResults(client, batch, { flags: { ...flags, output }, table, signal }));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    report.left(id);
    throw new AbortedError("Interrupted.", { cause: error });
  }
}

async function print(batch: Batch, { io, client, flags, signal }: ResultsContext): Promise<void> {
  const table = serverTable(client, batch, signal);
  const content = resultContent(client, batch, { format: flags.format ?? "jsonl", table, signal });
  for await (const piece of content) {
    if (!io.stdout.write(piece)) await once(io.stdout, "drain", { signal });
  }
  const { failed } = batch.request_counts;
  if (failed > 0 || batch.status !== "completed") io.setExitCode(exitCodes.failure);
}
