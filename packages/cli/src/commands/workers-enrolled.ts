import { printableText } from "@muster/base";
import type { Enrolment } from "@muster/sdk";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { runClientCommand } from "../run-client-command.ts";
import { renderTable, tableStyle } from "../table.ts";

interface EnrolledFlags extends ClientFlags {
  readonly json?: boolean;
}

/** `muster workers enrolled`: who has joined, connected or not. */
export function workersEnrolledCommand(io: CommandIo): Command {
  return withClientOptions(new Command("enrolled"))
    .description("list the machines that have joined with an invitation, connected or not")
    .option("--json", "print as JSON")
    .action((_flags: EnrolledFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = command.optsWithGlobals<EnrolledFlags>();
        const list = await createClient(flags, io).workers.enrolled({ signal, maxRetries: 0 });
        if (flags.json) io.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
        else if (list.data.length === 0)
          io.stdout.write("No machine has joined yet. To invite one: muster workers invite --pool desks\n");
        else io.stdout.write(`${renderTable(rowsOf(list.data), tableStyle(io))}\n`);
      }),
    );
}

function rowsOf(enrolments: readonly Enrolment[]): string[][] {
  const day = (seconds: number) => new Date(seconds * 1_000).toISOString().slice(0, 10);
  const rows = [...enrolments]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((one) => [
      ...[printableText(one.name), printableText(one.pool), one.state],
      ...[day(one.joined_at), one.last_seen, one.id],
    ]);
  return [["worker", "pool", "state", "joined", "last seen", "id"], ...rows];
}
