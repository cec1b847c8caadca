import { printableText } from "@muster/base";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import { type CommandIo, exitCodes } from "../command-io.ts";
import { formatBytes } from "../format.ts";
import { followPull } from "../mirror-progress.ts";
import { runClientCommand } from "../run-client-command.ts";

interface PullFlags extends ClientFlags {
  readonly workers?: boolean;
  readonly pin?: boolean;
  readonly wait: boolean;
}

/** `muster models pull`: a model's files into the office mirror, once for everybody. */
export function modelsPullCommand(io: CommandIo): Command {
  return withClientOptions(new Command("pull"))
    .description("get a model into the orchestrator's mirror, and onto the workers if you like")
    .argument("<model>", "its name, or a URI such as hf:owner/repo/file.gguf")
    .option("--workers", "onto all workers that could run it as well")
    .option("--pin", "keep it there: it is not removed to make room")
    .option("--no-wait", "return at once; `muster models disk` shows how far it is")
    .action((model: string, _flags: PullFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        // Those that `muster models` has as well are read there.
        const flags = command.optsWithGlobals<PullFlags>();
        const client = createClient(flags, io);
        const order = await client.mirror.pull({ model, workers: flags.workers === true }, { signal });
        if (!flags.wait) {
          io.stdout.write(`Getting ${printableText(order.uri)}.\n`);
          return;
        }
        const places = await followPull(client, order, { io, signal });
        for (const { name, state, progress, error } of places) {
          if (state === "there")
            io.stdout.write(`${printableText(name)}: ${formatBytes(progress.doneBytes)}\n`);
          else io.stderr.write(`${printableText(name)}: ${printableText(error ?? "failed")}\n`);
        }
        if (flags.pin) await client.mirror.pin({ model, pinned: true }, { signal });
        if (places.some(({ state }) => state === "failed")) io.setExitCode(exitCodes.failure);
      }),
    );
}
