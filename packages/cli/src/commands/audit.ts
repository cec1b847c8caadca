import { printableText } from "@muster/base";
import type { AuditRecord } from "@muster/sdk";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import { type CommandIo, exitCodes } from "../command-io.ts";
import { duration } from "../duration.ts";
import { formatCount } from "../format.ts";
import { wholeNumber } from "../number-options.ts";
import { runClientCommand } from "../run-client-command.ts";
import { renderTable, tableStyle } from "../table.ts";

interface ListFlags extends ClientFlags {
  /** Milliseconds. */
  readonly since?: number;
  readonly actor?: string;
  readonly action?: string;
  readonly limit: number;
  readonly json?: boolean;
}

interface VerifyFlags extends ClientFlags {
  readonly head?: readonly string[];
  readonly json?: boolean;
}

/** `muster audit`: who did what, and whether what is written of it is as it was. */
export function auditCommand(io: CommandIo): Command {
  const command = new Command("audit").description("see who did what; check that nobody has changed it");
  for (const build of [listCommand, verifyCommand]) command.addCommand(build(io));
  // What is set for this command after it was built counts for its parts as well.
  return command.hook("preSubcommand", (parent, part) => void part.copyInheritedSettings(parent));
}

function listCommand(io: CommandIo): Command {
  return withClientOptions(new Command("ls"))
    .description("list what was done, newest first")
    .option("--since <time>", "of the last 24h, 7d, ... (default: all)", duration)
    .option("--actor <id>", "by one key, worker or peer")
    .option("--action <name>", "of one kind: key.create, file.read, access.refuse, ...")
    .option("-n, --limit <n>", "how many, up to 1,000", wholeNumber, 100)
    .option("--json", "print as JSON")
    .action((flags: ListFlags) =>
      runClientCommand(io, async (signal) => {
        const { actor, action, limit, since } = flags;
        const seconds = since === undefined ? undefined : Math.floor((Date.now() - since) / 1_000);
        const list = await createClient(flags, io).audit.list(
          { actor, action, limit, since: seconds },
          { signal, maxRetries: 0 },
        );
        if (flags.json) io.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
        else if (list.data.length === 0) io.stdout.write("Nothing of the kind was recorded.\n");
        else io.stdout.write(`${renderTable(rowsOf(list.data), tableStyle(io))}\n`);
      }),
    );
}

function verifyCommand(io: CommandIo): Command {
  return withClientOptions(new Command("verify"))
    .description("check that no record was changed, removed or put in; ends with 1 where one was")
    .option("--head <log:number:hash>", "an end that was noted before; may be repeated", gather)
    .option("--json", "print as JSON")
    .action((flags: VerifyFlags) =>
      runClientCommand(io, async (signal) => {
        const client = createClient(flags, io);
        const report = await client.audit.verify({ heads: flags.head }, { signal, maxRetries: 0 });
        if (!report.intact) io.setExitCode(exitCodes.failure);
        if (flags.json) {
          io.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
          return;
        }
        const size = `${formatCount(report.records, "record")} in ${formatCount(report.logs, "log")}`;
        if (report.intact) io.stdout.write(`${size}: all as they were written.\n`);
        else {
          io.stdout.write(`${size}: ${formatCount(report.fault_count, "fault")}.\n`);
          for (const { log, says } of report.faults) io.stdout.write(printableText(`  ${log}  ${says}\n`));
        }
        if (report.heads.length === 0) return;
        // What stands here is all that can tell that the end of the newest log was cut off.
        io.stdout.write("\nNote these ends elsewhere, and give them to the next verify with --head:\n");
        for (const head of report.heads) io.stdout.write(printableText(`  ${head}\n`));
      }),
    );
}

function rowsOf(records: readonly AuditRecord[]): string[][] {
  const rows = records.map(({ at, actor, action, target, details }) => [
    at.slice(0, 19).replace("T", " "),
    actor,
    action,
    target,
    Object.entries(details)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  ]);
  return [["when (UTC)", "who", "did", "to", "details"], ...rows];
}

function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
