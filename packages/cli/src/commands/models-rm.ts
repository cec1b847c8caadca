import { printableText } from "@muster/base";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { formatCount } from "../format.ts";
import { runClientCommand } from "../run-client-command.ts";

interface RemoveFlags extends ClientFlags {
  readonly workers?: boolean;
}

/** `muster models rm`: a model's files off the disks. */
export function modelsRemoveCommand(io: CommandIo): Command {
  return withClientOptions(new Command("rm"))
    .description("remove a model's files from the orchestrator's mirror; what is loaded goes on")
    .argument("<model>", "its name, or a URI as `muster models disk` shows it")
    .option("--workers", "from the workers' disks as well, where it is not loaded")
    .action((model: string, _flags: RemoveFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = command.optsWithGlobals<RemoveFlags>();
        const settings = { workers: flags.workers === true };
        const { uri, workers } = await createClient(flags, io).mirror.delete(model, settings, { signal });
        const also = workers.length === 0 ? "" : `, and asked ${formatCount(workers.length, "worker")} to`;
        io.stdout.write(`Removed ${printableText(uri)}${also}.\n`);
      }),
    );
}
