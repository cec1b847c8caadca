import { Command, Option } from "commander";
import { withInputOptions, withResultOptions } from "../batch/batch-options.ts";
import { type RunFlags, runBatch } from "../batch/run-batch.ts";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { runClientCommand } from "../run-client-command.ts";

const examples = `
Examples:
  muster batch run letters.csv --prompt "Summarise: {text}" -o answers.csv
  muster batch run prompts.txt --system "Answer in one word." --max-tokens 8 -o answers.txt
  muster batch run requests.jsonl -o answers.jsonl --priority low --detach

Ctrl-C leaves and the batch goes on. The same command again comes back to it.
Ends with 0 where every line has an answer, with 1 where some have not.
`;

/** `muster batch run`: a file of requests becomes a file of answers. */
export function batchRunCommand(io: CommandIo): Command {
  const command = withInputOptions(new Command("run"))
    .description("answer every line of a file")
    .requiredOption("-o, --output <file>", "where the answers go, in the order of the input")
    .option("--force", "replace the output where it is there already");
  return withClientOptions(withResultOptions(command))
    .option(
      "--window <time>",
      "how long it may take: 1h to 7d; what is not done by then never runs (default: 24h)",
    )
    .addOption(
      new Option("--priority <priority>", "its share among batches").choices([
        "low",
        "normal",
        "high",
      ] as const),
    )
    .option("--cache", "answer equal requests once, where their answer is determined")
    .option("--webhook <url>", "is told of each change")
    .option("--detach", "submit it, print its id and leave")
    .option("--json", "print what happens as JSON lines")
    .addHelpText("after", examples)
    .action((path: string, flags: RunFlags & ClientFlags) =>
      runClientCommand(io, (signal) =>
        runBatch({ io, client: createClient(flags, io), path, flags, signal }),
      ),
    );
}
