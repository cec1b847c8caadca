import { AbortedError, type BatchSettings, type Muster } from "@muster/sdk";
import type { CommandIo } from "../command-io.ts";
import { type InputFlags, openBatchInput } from "./batch-input.ts";
import { readState, removeState } from "./batch-state.ts";
import { followBatch, refusalOf } from "./follow-batch.ts";
import { inputTable } from "./input-table.ts";
import { checkHead, formatOf } from "./result-files.ts";
import { createRunReport, type RunReport } from "./run-report.ts";
import { submitBatch } from "./submit-batch.ts";
import { checkTarget } from "./whole-file.ts";
import { type ResultFlags, writeResults } from "./write-results.ts";

export interface RunFlags extends InputFlags, ResultFlags {
  readonly output: string;
  readonly window?: string;
  readonly priority?: "low" | "normal" | "high";
  readonly cache?: boolean;
  readonly webhook?: string;
  readonly detach?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export interface RunContext {
  readonly io: CommandIo;
  readonly client: Muster;
  readonly path: string;
  readonly flags: RunFlags;
  readonly signal: AbortSignal;
}

/**
 * Sends a file, waits for its answers and writes them; or comes back to what an earlier run began. Leaving does not end the
 * batch. Throws what the SDK throws, and `invalid_request` for what cannot be.
 */
export async function runBatch(context: RunContext): Promise<void> {
  const { io, flags, signal } = context;
  const report = createRunReport(io, {
    output: flags.output,
    isJson: flags.json === true,
    isDetached: flags.detach === true,
  });
  let batchId: string | undefined;
  try {
    await run(context, {
      ...report,
      begun(id, isResumed) {
        batchId = id;
        report.begun(id, isResumed);
      },
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    report.left(batchId);
    throw new AbortedError("Interrupted.", { cause: error });
  }
}

async function run({ io, client, path, flags, signal }: RunContext, report: RunReport): Promise<void> {
  const { output } = flags;
  const state = await readState(output);
  await checkTarget(output, { mayReplace: flags.force === true || state !== undefined });
  const input = await openBatchInput(client, path, { flags, model: state?.model, signal });
  if (formatOf(output, flags.format) === "csv") checkHead(input.file.head, path);
  const settings = settingsOf(flags);
  const submission = { input, settings, output, signal, onStep: report.step };
  const { batchId, isResumed, digest } = await submitBatch(client, submission);
  report.begun(batchId, isResumed);
  if (flags.detach) {
    report.detached(batchId);
    return;
  }
  const batch = await followBatch(io, client, { id: batchId, isJson: flags.json === true, signal });
  if (batch.status === "failed") {
    // What is wrong with the input will be put right: that makes another batch.
    await removeState(output);
    throw refusalOf(batch);
  }
  const table = inputTable(input, { settings, digest });
  const written = await writeResults(client, batch, { flags, table, signal });
  await removeState(output);
  report.over(batch, written);
}

function settingsOf(flags: RunFlags): Omit<BatchSettings, "endpoint"> {
  return {
    completion_window: flags.window ?? "24h",
    muster: {
      priority: flags.priority,
      provenance: flags.provenance === undefined ? undefined : true,
      result_cache: flags.cache,
      webhook_url: flags.webhook,
    },
  };
}
