import type { ModelPlan } from "@muster/sdk";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { formatRate } from "../format.ts";
import { runClientCommand } from "../run-client-command.ts";
import { type Cell, renderTable, tableStyle } from "../table.ts";

interface PlanFlags extends ClientFlags {
  readonly json?: boolean;
}

/** `muster models plan`: where models would fit. */
export function modelsPlanCommand(io: CommandIo): Command {
  return withClientOptions(new Command("plan"))
    .description("show on which workers a model would fit, and why not on others")
    .argument("[name]", "the model (default: all)")
    .option("--json", "print as JSON")
    .action((name: string | undefined, _flags: PlanFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = command.optsWithGlobals<PlanFlags>();
        const list = await createClient(flags, io).models.plan(name, { signal, maxRetries: 0 });
        if (flags.json) io.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
        else if (list.data.every(({ fits, why_not }) => fits.length + why_not.length === 0))
          io.stdout.write("There is nothing to plan: no worker takes orders. Start one: muster worker\n");
        else io.stdout.write(`${renderTable(rowsOf(list.data), tableStyle(io))}\n`);
      }),
    );
}

/** A row for each worker of each model; the model's name stands in its first. */
function rowsOf(plans: readonly ModelPlan[]): Cell[][] {
  const rows = plans.flatMap(({ model, fits, why_not, expected_decode_tokens_per_second: rate }) => {
    const all: Cell[][] = [
      ...fits.map(({ worker, variant, device, slots, context_tokens, reason }, at): Cell[] => [
        worker,
        { text: "fits", colour: "green" },
        variant,
        device,
        String(slots),
        context_tokens.toLocaleString("en-US"),
        at === 0 && rate !== null ? formatRate(rate) : "",
        reason,
      ]),
      ...why_not.map(({ worker, reason }): Cell[] => [
        worker,
        { text: "no", colour: "dim" },
        "",
        "",
        "",
        "",
        "",
        reason,
      ]),
    ];
    const shown =
      all.length > 0 ? all : [["-", { text: "no", colour: "dim" } as const, "", "", "", "", "", ""]];
    return shown.map((cells, at): Cell[] => [at === 0 ? model : "", ...cells]);
  });
  return [["model", "worker", "", "variant", "device", "slots", "context", "expected", "why"], ...rows];
}
