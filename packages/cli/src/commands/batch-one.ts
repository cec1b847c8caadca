import { printableText } from "@muster/base";
import type { Batch } from "@muster/sdk";
import { Command } from "commander";
import { batchDetails } from "../batch/batch-rows.ts";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { runClientCommand } from "../run-client-command.ts";
import { paint, tableStyle } from "../table.ts";

interface OneFlags extends ClientFlags {
  readonly json?: boolean;
}

/** `muster batch show ID`. */
export function batchShowCommand(io: CommandIo): Command {
  return onOne(io, "show", {
    says: "tell how a batch is",
    text: (batch) => detailsText(io, batch),
  });
}

/** `muster batch cancel ID`. */
export function batchCancelCommand(io: CommandIo): Command {
  return onOne(io, "cancel", {
    says: "end a batch early; what is done stays",
    text: ({ id, status }) =>
      status === "cancelled"
        ? `Batch ${id} is cancelled.\n`
        : `Batch ${id} is being cancelled. \`muster batch results ${id} -o FILE\` gets what is done.\n`,
  });
}

/** `muster batch pause ID`. */
export function batchPauseCommand(io: CommandIo): Command {
  return onOne(io, "pause", {
    says: "let no further line of a batch start",
    text: ({ id }) =>
      `Batch ${id} is paused, and its window goes on. \`muster batch resume ${id}\` lets it run again.\n`,
  });
}

/** `muster batch resume ID`. */
export function batchResumeCommand(io: CommandIo): Command {
  return onOne(io, "resume", {
    says: "let a paused batch go on",
    text: ({ id }) => `Batch ${id} goes on.\n`,
  });
}

function onOne(
  io: CommandIo,
  verb: "show" | "cancel" | "pause" | "resume",
  { says, text }: { readonly says: string; readonly text: (batch: Batch) => string },
): Command {
  return withClientOptions(new Command(verb))
    .description(says)
    .argument("<id>", "as `muster batch ls` shows it")
    .option("--json", "print as JSON")
    .action((id: string, flags: OneFlags) =>
      runClientCommand(io, async (signal) => {
        const { batches } = createClient(flags, io);
        const ask = verb === "show" ? batches.retrieve : batches[verb];
        const batch = await ask(id, { signal, maxRetries: 0 });
        io.stdout.write(flags.json ? `${JSON.stringify(batch, undefined, 2)}\n` : text(batch));
      }),
    );
}

function detailsText(io: CommandIo, batch: Batch): string {
  const style = tableStyle(io);
  const rows = batchDetails(batch, Date.now()).map((row) =>
    row.map((cell) => (typeof cell === "string" ? { text: cell, colour: undefined } : cell)),
  );
  const width = Math.max(...rows.map(([name]) => name?.text.length ?? 0));
  const lines = rows.map(([name, value]) => {
    const label = paint((name?.text ?? "").padEnd(width), "dim", style);
    return `${label}  ${paint(printableText(value?.text ?? ""), value?.colour, style)}\n`;
  });
  return `${paint(batch.id, "bold", style)}\n${lines.join("")}`;
}
