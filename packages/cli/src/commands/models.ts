import type { Model } from "@muster/sdk";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { runClientCommand } from "../run-client-command.ts";
import { renderTable, tableStyle } from "../table.ts";
import { modelsDiskCommand } from "./models-disk.ts";
import { modelsImportCommand } from "./models-import.ts";
import { modelsPullCommand } from "./models-pull.ts";
import { modelsRemoveCommand } from "./models-rm.ts";

interface ModelsFlags extends ClientFlags {
  readonly json?: boolean;
}

/** What is done with the models' files. */
const fileCommands = [modelsPullCommand, modelsRemoveCommand, modelsDiskCommand, modelsImportCommand];

/** `muster models`: what the fleet serves. */
export function modelsCommand(io: CommandIo): Command {
  const command = withClientOptions(new Command("models"))
    .description("list the models that the fleet serves")
    .option("--json", "print as JSON")
    .action((flags: ModelsFlags) =>
      runClientCommand(io, async (signal) => {
        const list = await createClient(flags, io).models.list({ signal, maxRetries: 0 });
        if (flags.json) io.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
        else if (list.data.length === 0)
          io.stdout.write("No model is served. `muster worker <model>` lends a machine.\n");
        else io.stdout.write(`${renderTable(rowsOf(list.data), tableStyle(io))}\n`);
      }),
    )
    .hook("preSubcommand", (parent, part) => void part.copyInheritedSettings(parent));
  for (const build of fileCommands) command.addCommand(build(io));
  return command;
}

function rowsOf(models: readonly Model[]): string[][] {
  const shown = (value: number | null | undefined) => (value ?? "-").toLocaleString("en-US");
  const rows = models.map(({ id, slots, replicas, context_tokens }) => [
    id,
    shown(slots),
    shown(replicas),
    shown(context_tokens),
  ]);
  return [["model", "slots", "replicas", "context"], ...rows];
}
