import { Command, InvalidArgumentError } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { duration } from "../duration.ts";
import { runClientCommand } from "../run-client-command.ts";
import { given, integer } from "../service-options.ts";

interface InviteFlags extends ClientFlags {
  readonly pool: string;
  readonly name?: string;
  readonly count?: number;
  readonly expires?: number;
  readonly address?: string;
  readonly json?: boolean;
}

/** `muster workers invite`: one line to paste for each machine. */
export function workersInviteCommand(io: CommandIo): Command {
  return withClientOptions(new Command("invite"))
    .description(
      "make a line that lets one machine join the fleet, to be pasted there; it counts once, for 15 minutes",
    )
    .requiredOption(
      "--pool <pool>",
      "what the machines have in common: a label of the worker, which it cannot change",
      fleetName,
    )
    .option("--name <name>", "what the worker is called (default: as its machine)", fleetName)
    .option("--count <n>", "so many lines, one for each machine (default: 1)", integer(1, 100))
    .option("--expires <time>", "how long it counts: at most 30m (default: 15m)", duration)
    .option(
      "--address <host:port>",
      "what the machine dials, where it is not MUSTER_FLEET_ADVERTISE or the bound address",
    )
    .option("--json", "print as JSON")
    .action((_flags: InviteFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = command.optsWithGlobals<InviteFlags>();
        const { data } = await createClient(flags, io).workers.invite(
          {
            ...given({ name: flags.name, count: flags.count, address: flags.address }),
            ...(flags.expires === undefined ? {} : { expires_in: Math.ceil(flags.expires / 1_000) }),
            pool: flags.pool,
          },
          { signal, maxRetries: 0 },
        );
        if (flags.json) {
          io.stdout.write(`${JSON.stringify(data, undefined, 2)}\n`);
          return;
        }
        const until = new Date((data[0]?.expires_at ?? 0) * 1_000).toLocaleTimeString();
        const what =
          data.length === 1 ? "This line lets one machine" : "Each of these lines lets one machine";
        io.stderr.write(
          `${what} join until ${until}. It is a secret: send it by a way that others cannot read.\n`,
        );
        io.stdout.write(data.map(({ command: line }) => `${line}\n`).join(""));
      }),
    );
}

function fleetName(text: string): string {
  if (/^(?![.-])[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError(
    "Use 1 to 64 letters, digits, dots, dashes and underscores, no dot or dash first.",
  );
}
