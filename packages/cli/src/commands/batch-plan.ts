import type { BatchPlan, Muster } from "@muster/sdk";
import { Command } from "commander";
import { type BatchInput, type InputFlags, openBatchInput } from "../batch/batch-input.ts";
import { withInputOptions } from "../batch/batch-options.ts";
import { planText } from "../batch/plan-text.ts";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import { type CommandIo, exitCodes } from "../command-io.ts";
import { runClientCommand } from "../run-client-command.ts";
import { tableStyle } from "../table.ts";

interface PlanFlags extends InputFlags, ClientFlags {
  readonly json?: boolean;
}

/** Where the server cannot be told to delete the file. */
const keptFor = { anchor: "created_at", seconds: 86_400 } as const;

/** `muster batch plan`: what `run` would take, without running anything. */
export function batchPlanCommand(io: CommandIo): Command {
  return withClientOptions(withInputOptions(new Command("plan")))
    .description("say what a batch of a file would take, and what is wrong with it; runs nothing")
    .option("--json", "print as JSON")
    .action((path: string, flags: PlanFlags) =>
      runClientCommand(io, async (signal) => {
        const client = createClient(flags, io);
        const input = await openBatchInput(client, path, { flags, signal });
        const plan = await planOf(client, input, signal);
        io.stdout.write(
          flags.json ? `${JSON.stringify(plan, undefined, 2)}\n` : planText(plan, tableStyle(io)),
        );
        if (plan.errors.total > 0) io.setExitCode(exitCodes.failure);
      }),
    );
}

/** The server keeps nothing of it. */
async function planOf(client: Muster, input: BatchInput, signal: AbortSignal): Promise<BatchPlan> {
  const content = async function* () {
    for await (const { json } of input.lines()) yield json;
  };
  const upload = { file: content(), filename: "plan.jsonl", expires_after: keptFor };
  const file = await client.files.create(upload, { signal });
  try {
    return await client.batches.plan({ input_file_id: file.id, endpoint: input.endpoint }, { signal });
  } finally {
    // Without the signal: Ctrl-C must not leave the file there. Where that fails it expires.
    await client.files.delete(file.id).catch(() => {});
  }
}
