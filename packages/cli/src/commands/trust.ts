import type { Trust } from "@muster/sdk";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { duration } from "../duration.ts";
import { runClientCommand } from "../run-client-command.ts";
import { renderTable, tableStyle } from "../table.ts";

interface TrustFlags extends ClientFlags {
  readonly json?: boolean;
  readonly overlap?: number;
}

/** `muster trust`: who vouches for the fleet's machines. */
export function trustCommand(io: CommandIo): Command {
  const status = withClientOptions(new Command("status"))
    .description("show the authorities that vouch for orchestrators and workers")
    .option("--json", "print as JSON")
    .action((flags: TrustFlags) =>
      runClientCommand(io, async (signal) => {
        show(io, flags, await createClient(flags, io).trust.status({ signal, maxRetries: 0 }));
      }),
    );
  const rotate = withClientOptions(new Command("rotate"))
    .description(
      "make another authority: it signs at once, and is shown when the overlap is over; nothing that runs is lost",
    )
    .option("--overlap <time>", "how long the old one is still shown: 7d, 12h (default: 7d)", duration)
    .option("--json", "print as JSON")
    .action((flags: TrustFlags) =>
      runClientCommand(io, async (signal) => {
        const wish = flags.overlap === undefined ? {} : { overlap: Math.round(flags.overlap / 1_000) };
        show(io, flags, await createClient(flags, io).trust.rotate(wish, { signal, maxRetries: 0 }));
      }),
    );
  return new Command("trust")
    .description("the authority that vouches for orchestrators and workers")
    .addCommand(status)
    .addCommand(rotate)
    .hook("preSubcommand", (parent, part) => void part.copyInheritedSettings(parent));
}

function show(io: CommandIo, flags: TrustFlags, trust: Trust): void {
  if (flags.json) {
    io.stdout.write(`${JSON.stringify(trust, undefined, 2)}\n`);
    return;
  }
  const time = (seconds: number) => new Date(seconds * 1_000).toISOString().replace(".000", "");
  const rows = trust.authorities.map((one) => [
    `${one.id.slice(0, 8)}${one.is_brought ? " (the office's)" : ""}`,
    one.signs ? "yes" : "no",
    one.serves ? "yes" : `from ${time(one.serves_from)}`,
    time(one.created_at),
    one.ends_at === null ? "" : time(one.ends_at),
  ]);
  const head = ["authority", "signs", "is shown", "made", "ends"];
  io.stdout.write(`${renderTable([head, ...rows], tableStyle(io))}\n`);
}
