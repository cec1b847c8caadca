import { AbortedError } from "@muster/sdk";
import { Command, Option } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { runClientCommand } from "../run-client-command.ts";
import { type TableStyle, tableStyle } from "../table.ts";
import type { ScreenSize } from "../top/render-top.ts";
import { pictureSize, sizeOption, terminalSize } from "../top/terminal.ts";
import { firstEvents, topOnce, watchTop } from "../top/watch-top.ts";

interface TopFlags extends ClientFlags {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly size?: ScreenSize;
}

/** `muster top`: the cluster on the whole screen, as it is now. */
export function topCommand(io: CommandIo): Command {
  return withClientOptions(new Command("top"))
    .description("watch the cluster: tokens, requests, models, workers, batches and what is wrong")
    .option("--once", "print one picture, and end; so it does where standard output is no terminal")
    .option("--json", "print what happens as JSON, an event on each line; with --once how it is now")
    .addOption(
      new Option("--size <columns>x<rows>", "draw for a terminal of this size")
        .argParser(sizeOption)
        .hideHelp(),
    )
    .action((flags: TopFlags) =>
      runClientCommand(io, async (signal) => {
        const client = createClient(flags, io);
        if (flags.json) return printEvents(io, { client, signal, isOnce: flags.once === true });
        const facts = { address: client.baseUrl.replace(/\/v1$/, ""), clockText };
        const options = { client, signal, facts };
        const style = topStyle(io);
        if (flags.once || (flags.size === undefined && !isScreen(io))) {
          const size = flags.size === undefined ? pictureSize(io) : { ...flags.size, rows: undefined };
          io.stdout.write(await topOnce({ ...options, style, size }));
          return;
        }
        const size = () => flags.size ?? terminalSize(io);
        await watchTop(io, { ...options, style, size });
      }),
    );
}

async function printEvents(
  io: CommandIo,
  { isOnce, ...options }: Parameters<typeof firstEvents>[0] & { readonly isOnce: boolean },
): Promise<void> {
  const { client, signal } = options;
  let hasHeard = false;
  const events = isOnce
    ? firstEvents(options)
    : client.live.watch({
        signal,
        onOutage: (error) => {
          if (!hasHeard) throw error;
        },
      });
  for await (const event of events) {
    hasHeard = true;
    io.stdout.write(`${JSON.stringify(event)}\n`);
  }
  if (signal.aborted) throw new AbortedError("Interrupted.");
}

/** A terminal that can be drawn on. */
function isScreen({ isTty, env }: CommandIo): boolean {
  return isTty && env["TERM"] !== "dumb";
}

function topStyle(io: CommandIo): TableStyle {
  return { isColoured: tableStyle(io).isColoured };
}

function clockText(unixSeconds: number): string {
  return new Date(unixSeconds * 1_000).toLocaleTimeString("en-GB");
}
