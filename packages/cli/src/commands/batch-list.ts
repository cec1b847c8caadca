import type { Batch, Muster } from "@muster/sdk";
import { Command } from "commander";
import { batchRows } from "../batch/batch-rows.ts";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { wholeNumber } from "../number-options.ts";
import { runClientCommand } from "../run-client-command.ts";
import { renderTable, tableStyle } from "../table.ts";

interface ListFlags extends ClientFlags {
  readonly json?: boolean;
  readonly limit: number;
}

/** The server gives so many at once. */
const pageLimit = 100;
const shownByDefault = 20;

/** `muster batch ls`: the latest batches. */
export function batchListCommand(io: CommandIo): Command {
  return withClientOptions(new Command("ls"))
    .description("list the latest batches, newest first")
    .option("-n, --limit <n>", "how many", wholeNumber, shownByDefault)
    .option("--json", "print as JSON")
    .action((flags: ListFlags) =>
      runClientCommand(io, async (signal) => {
        const { batches, isMore } = await latest(createClient(flags, io), flags.limit, signal);
        if (flags.json) {
          const list = { object: "list", data: batches, has_more: isMore };
          io.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
        } else if (batches.length === 0) {
          io.stdout.write("There is no batch. `muster batch run FILE -o ANSWERS` makes one.\n");
        } else {
          const more = isMore ? `\n\nThere are more: --limit ${flags.limit * 5} shows them.` : "";
          io.stdout.write(`${renderTable(batchRows(batches, Date.now()), tableStyle(io))}${more}\n`);
        }
      }),
    );
}

async function latest(
  client: Muster,
  limit: number,
  signal: AbortSignal,
): Promise<{ readonly batches: readonly Batch[]; readonly isMore: boolean }> {
  const batches: Batch[] = [];
  for (;;) {
    const page = await client.batches.list(
      { after: batches.at(-1)?.id, limit: Math.min(pageLimit, limit - batches.length) },
      { signal, maxRetries: 0 },
    );
    batches.push(...page.data);
    if (batches.length >= limit || !page.has_more || page.data.length === 0) {
      return { batches, isMore: page.has_more === true };
    }
  }
}
