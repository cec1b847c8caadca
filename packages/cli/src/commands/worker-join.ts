import { printableText } from "@muster/base";
import { Command } from "commander";
import type { CommandIo } from "../command-io.ts";
import { lendMachine, type WorkerFlags } from "../lend-machine.ts";
import { given, logOption, withLendingOptions, withModelOptions } from "../service-options.ts";

interface JoinFlags extends WorkerFlags {
  readonly start: boolean;
}

/** `muster worker join muster://…`: makes this machine a worker of a fleet, and lends it. */
export function workerJoinCommand(io: CommandIo): Command {
  return withLendingOptions(withModelOptions(new Command("join")))
    .description("join a fleet with an invitation (muster workers invite), then lend this machine")
    .argument("<invitation>", "the line that was made for this machine: muster://host:port#…")
    .argument("[model]", "as for `muster worker`")
    .option(
      "--name <name>",
      "name of this worker, where the invitation gives none (default: the machine's name)",
    )
    .option("--data-dir <path>", "where the worker's certificate is kept")
    .option("--no-start", "join only; `muster worker` lends it later")
    .addOption(logOption("warn"))
    .action(async (invitation: string, model: string | undefined, _flags: JoinFlags, command: Command) => {
      // `muster worker` has the same options: whoever took one, it counts.
      const flags = command.optsWithGlobals<JoinFlags>();
      const { joinFleet, loadWorkerConfig } = await import("@muster/worker");
      const { dataDirectory, name } = loadWorkerConfig(
        given({ name: flags.name, dataDirectory: flags.dataDir }),
        io.env,
      );
      const joinedAs = await joinFleet(invitation, { dataDirectory, name });
      const as = printableText(joinedAs.name);
      io.stdout.write(
        `Joined the fleet at ${joinedAs.address} as "${as}", in the pool "${printableText(joinedAs.pool)}".\n`,
      );
      if (flags.start) await lendMachine(io, { model, flags, joinedAs });
      else io.stdout.write(`To lend this machine: muster worker --name ${as}\n`);
    });
}
