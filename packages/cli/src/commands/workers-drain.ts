import { printableText } from "@muster/base";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { findWorker } from "../find-worker.ts";
import { runClientCommand } from "../run-client-command.ts";

interface DrainFlags extends ClientFlags {
  readonly json?: boolean;
}

/** `muster workers drain NAME`. */
export function workersDrainCommand(io: CommandIo): Command {
  return withClientOptions(new Command("drain"))
    .description("have a worker finish what it runs, take nothing new, and leave")
    .argument("<worker>", "its name or id, as `muster workers` shows it")
    .option("--json", "print the worker as JSON")
    .action((idOrName: string, _flags: DrainFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        // `muster workers --url …` has the same options: whoever took one, it counts.
        const flags = command.optsWithGlobals<DrainFlags>();
        const { workers } = createClient(flags, io);
        const { data } = await workers.list({ signal, maxRetries: 0 });
        const worker = await workers.drain(findWorker(data, idOrName).id, { signal, maxRetries: 0 });
        io.stdout.write(
          flags.json
            ? `${JSON.stringify(worker, undefined, 2)}\n`
            : `${printableText(worker.name)} finishes what it runs, then leaves. To lend it again, start it again: muster worker\n`,
        );
      }),
    );
}
