import { MusterError } from "@muster/base";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { runClientCommand } from "../run-client-command.ts";
import { workerDetails } from "../worker-details.ts";

/** `muster workers show NAME`: all that is known of one worker. */
export function workersShowCommand(io: CommandIo): Command {
  return withClientOptions(new Command("show"))
    .description("show one worker: its GPUs, who uses their memory, its power, its models")
    .argument("<name>", "the worker's name, or its id")
    .option("--json", "print as JSON")
    .action((name: string, _flags: unknown, command: Command) =>
      runClientCommand(io, async (signal) => {
        // An option that stands before `show` is the list's, and means the same.
        const flags = command.optsWithGlobals<ClientFlags & { readonly json?: boolean }>();
        const { data } = await createClient(flags, io).workers.list({ signal, maxRetries: 0 });
        const worker = data.find((each) => each.name === name) ?? data.find(({ id }) => id === name);
        if (worker === undefined) {
          const known = data.map((each) => each.name).join(", ");
          throw new MusterError(
            "not_found",
            `There is no worker "${name}". ${known === "" ? "None has joined." : `There are: ${known}.`}`,
          );
        }
        io.stdout.write(
          flags.json ? `${JSON.stringify(worker, undefined, 2)}\n` : `${workerDetails(worker)}\n`,
        );
      }),
    );
}
