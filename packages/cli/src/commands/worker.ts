import { Command } from "commander";
import type { CommandIo } from "../command-io.ts";
import { lendMachine, type WorkerFlags } from "../lend-machine.ts";
import { logOption, withLendingOptions, withModelOptions } from "../service-options.ts";
import { buildEngineCommand } from "./build-engine.ts";
import { workerControlCommands } from "./worker-control.ts";
import { workerJoinCommand } from "./worker-join.ts";

/** `muster worker`: lends this machine. */
export function workerCommand(io: CommandIo): Command {
  const command = withLendingOptions(withModelOptions(new Command("worker")))
    .description("lend this machine: run a model and dial an orchestrator")
    .argument(
      "[model]",
      "a name such as gemma-4-e4b-it or gemma-4-e4b-it:q8_0; a GGUF file: a path, hf:owner/repo/file.gguf, https:... or file:...; or what another server runs: openai:http://host:port/v1#model (default: MUSTER_MODEL)",
    )
    .option(
      "--join <host:port>",
      "the orchestrator's fleet port (default: MUSTER_JOIN, else the one that this machine has joined, else one on this machine)",
    )
    .option("--name <name>", "name of this worker (default: as it has joined, else the machine's name)")
    .option("--data-dir <path>", "where the worker's id and certificate are kept")
    .addOption(logOption("warn"))
    .addCommand(buildEngineCommand(io))
    .addCommand(workerJoinCommand(io))
    .action((model: string | undefined, flags: WorkerFlags) => lendMachine(io, { model, flags }));
  for (const part of workerControlCommands(io)) command.addCommand(part);
  // As in `muster batch`: wrong usage of a part ends as that of the whole.
  return command.hook("preSubcommand", (parent, part) => void part.copyInheritedSettings(parent));
}
