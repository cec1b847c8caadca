import type { Model } from "@muster/sdk";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { runClientCommand } from "../run-client-command.ts";
import { isServedModel } from "../served-model.ts";
import { renderTable, tableStyle } from "../table.ts";
import {
  modelsAddCommand,
  modelsForgetCommand,
  modelsLsCommand,
  modelsPinCommand,
  modelsUnpinCommand,
} from "./models-catalogue.ts";
import { modelsDiskCommand } from "./models-disk.ts";
import { modelsImportCommand } from "./models-import.ts";
import { modelsPlanCommand } from "./models-plan.ts";
import { modelsPullCommand } from "./models-pull.ts";
import { modelsRemoveCommand } from "./models-rm.ts";

interface ModelsFlags extends ClientFlags {
  readonly json?: boolean;
}

/** What can be done with models beside listing them. */
const parts: readonly ((io: CommandIo) => Command)[] = [
  modelsLsCommand,
  modelsAddCommand,
  modelsForgetCommand,
  modelsPinCommand,
  modelsUnpinCommand,
  modelsPlanCommand,
  modelsPullCommand,
  modelsRemoveCommand,
  modelsDiskCommand,
  modelsImportCommand,
];

/** `muster models`: what the fleet serves, and what it could. */
export function modelsCommand(io: CommandIo): Command {
  const command = withClientOptions(new Command("models"))
    .description("list the models that the fleet serves; see how to choose which")
    .option("--json", "print as JSON")
    .action((flags: ModelsFlags) =>
      runClientCommand(io, async (signal) => {
        const all = await createClient(flags, io).models.list({ signal, maxRetries: 0 });
        const list = { ...all, data: all.data.filter(isServedModel) };
        if (flags.json) io.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
        else if (list.data.length === 0)
          io.stdout.write("No model is served. `muster worker <model>` lends a machine.\n");
        else io.stdout.write(`${renderTable(rowsOf(list.data), tableStyle(io))}\n`);
      }),
    )
    // Its options count before the name of a part, and each part has its own.
    .enablePositionalOptions();
  for (const build of parts) command.addCommand(build(io));
  // What is set for this command after it was built counts for its parts as well.
  return command.hook("preSubcommand", (parent, part) => void part.copyInheritedSettings(parent));
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
