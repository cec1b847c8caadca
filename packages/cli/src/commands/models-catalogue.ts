import type { CatalogueModel } from "@muster/sdk";
import { Command, InvalidArgumentError } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { formatBytes } from "../format.ts";
import { wholeNumber } from "../number-options.ts";
import { runClientCommand } from "../run-client-command.ts";
import { type Cell, renderTable, tableStyle } from "../table.ts";

interface JsonFlags extends ClientFlags {
  readonly json?: boolean;
}

/** `muster models ls`: what is known by name. */
export function modelsLsCommand(io: CommandIo): Command {
  return withClientOptions(new Command("ls"))
    .description("list the catalogue: every model that is known by name")
    .option("--json", "print as JSON")
    .action((_flags: JsonFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = command.optsWithGlobals<JsonFlags>();
        const list = await createClient(flags, io).models.catalogue({ signal, maxRetries: 0 });
        if (flags.json) io.stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
        else io.stdout.write(`${renderTable(rowsOf(list.data), tableStyle(io))}\n`);
      }),
    );
}

/** `muster models add`: a model by its file. */
export function modelsAddCommand(io: CommandIo): Command {
  interface AddFlags extends ClientFlags {
    readonly name?: string;
    readonly family?: string;
  }
  return withClientOptions(new Command("add"))
    .description("add a model to the catalogue; its file is looked at, not fetched")
    .argument("<uri>", "hf:owner/repo/file.gguf, https://..., or a path on the orchestrator")
    .option("--name <name>", "what it is called (default: by its file's name)")
    .option("--family <family>", "models that stand for each other, such as gemma-4")
    .action((uri: string, _flags: AddFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = command.optsWithGlobals<AddFlags>();
        const asked = { uri, id: flags.name, family: flags.family };
        const model = await createClient(flags, io).models.add(asked, { signal, maxRetries: 0 });
        const [variant] = model.variants;
        const size =
          variant?.bytes === null || variant === undefined ? "" : `, ${formatBytes(variant.bytes)}`;
        io.stdout.write(`Added ${model.id} (${model.title}, ${model.kind}${size}) to ${model.family}.\n`);
      }),
    );
}

/** `muster models forget`: the catalogue's entry alone; files stay where they are. */
export function modelsForgetCommand(io: CommandIo): Command {
  return withClientOptions(new Command("forget"))
    .description("take an added model out of the catalogue; its files stay where they are")
    .argument("<name>", "the model")
    .action((name: string, _flags: ClientFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        await clientOf(command, io).models.remove(name, { signal, maxRetries: 0 });
        io.stdout.write(`Removed ${name}.\n`);
      }),
    );
}

/** `muster models pin`: have it loaded always. */
export function modelsPinCommand(io: CommandIo): Command {
  interface PinFlags extends ClientFlags {
    readonly replicas: number;
    readonly label: Readonly<Record<string, string>>;
  }
  return withClientOptions(new Command("pin"))
    .description("keep a model loaded, demand or not")
    .argument("<name>", "the model")
    .option("--replicas <n>", "on how many workers", wholeNumber, 1)
    .option("--label <key=value>", "only on workers with this label; may be repeated", label, {})
    .action((name: string, _flags: PinFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = command.optsWithGlobals<PinFlags>();
        const pin = { replicas: flags.replicas, labels: flags.label };
        const model = await createClient(flags, io).models.pin(name, pin, { signal, maxRetries: 0 });
        io.stdout.write(`Pinned ${model.id}: ${pinText(model)}.\n`);
      }),
    );
}

/** `muster models unpin`: by demand again. */
export function modelsUnpinCommand(io: CommandIo): Command {
  return withClientOptions(new Command("unpin"))
    .description("let a model be loaded and unloaded by demand again")
    .argument("<name>", "the model")
    .action((name: string, _flags: ClientFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const model = await clientOf(command, io).models.unpin(name, { signal, maxRetries: 0 });
        io.stdout.write(`${model.id} is pinned no more.\n`);
      }),
    );
}

function clientOf(command: Command, io: CommandIo) {
  return createClient(command.optsWithGlobals<ClientFlags>(), io);
}

function rowsOf(models: readonly CatalogueModel[]): Cell[][] {
  const rows = models.map((model): Cell[] => {
    const { id, family, variants, context_tokens: context, loaded } = model;
    const ready = loaded.filter(({ state }) => state === "ready").length;
    return [
      id,
      family,
      variants.map((variant) => variant.id).join(" "),
      sizesOf(model),
      context.toLocaleString("en-US"),
      loaded.length === 0
        ? "-"
        : { text: `${ready}/${loaded.length}`, colour: ready > 0 ? "green" : "yellow" },
      model.pin === null ? "-" : pinText(model),
    ];
  });
  return [["model", "family", "variants", "size", "context", "loaded", "pin"], ...rows];
}

function sizesOf({ variants }: CatalogueModel): string {
  const known = variants.flatMap(({ bytes }) => (bytes === null ? [] : [bytes]));
  if (known.length === 0) return "?";
  const [least, most] = [Math.min(...known), Math.max(...known)].map(formatBytes);
  return least === most ? `${least}` : `${least} to ${most}`;
}

function pinText({ pin }: CatalogueModel): string {
  if (pin === null) return "by demand";
  const labels = Object.entries(pin.labels).map(([name, value]) => `${name}=${value}`);
  const where = labels.length === 0 ? "" : ` where ${labels.join(", ")}`;
  return `${pin.replicas} ${pin.replicas === 1 ? "replica" : "replicas"}${where}`;
}

function label(text: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const found = /^([^=]+)=(.*)$/.exec(text);
  if (found === null) throw new InvalidArgumentError("Write key=value.");
  const [, name = "", value = ""] = found;
  return { ...before, [name]: value };
}
