import { Command } from "commander";
import type { CommandIo } from "../command-io.ts";
import { batchListCommand } from "./batch-list.ts";
import { batchCancelCommand, batchPauseCommand, batchResumeCommand, batchShowCommand } from "./batch-one.ts";
import { batchPlanCommand } from "./batch-plan.ts";
import { batchResultsCommand } from "./batch-results.ts";
import { batchRunCommand } from "./batch-run.ts";

const parts = [
  batchRunCommand,
  batchListCommand,
  batchShowCommand,
  batchResultsCommand,
  batchPauseCommand,
  batchResumeCommand,
  batchCancelCommand,
  batchPlanCommand,
];

/** `muster batch`: many requests at once, which the fleet answers when it has time. */
export function batchCommand(io: CommandIo): Command {
  const command = new Command("batch").description("answer a file of requests; see how batches are");
  for (const build of parts) command.addCommand(build(io));
  // What is set for this command after it was built counts for its parts as well.
  return command.hook("preSubcommand", (parent, part) => void part.copyInheritedSettings(parent));
}
