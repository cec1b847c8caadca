import { printableText } from "@muster/base";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { duration } from "../duration.ts";
import { findKey } from "../find-key.ts";
import { keyDetails, keyRows } from "../key-rows.ts";
import { runClientCommand } from "../run-client-command.ts";
import { renderTable, tableStyle } from "../table.ts";
import { keysCreateCommand } from "./keys-create.ts";
import { keysSetCommand } from "./keys-set.ts";

interface KeysFlags extends ClientFlags {
  readonly json?: boolean;
  readonly all?: boolean;
  /** Milliseconds. */
  readonly overlap?: number;
}

/** `muster keys`: who may ask, for what and how much. */
export function keysCommand(io: CommandIo): Command {
  const command = new Command("keys").description("make, list, change, rotate and revoke API keys");
  for (const build of [
    keysCreateCommand,
    listCommand,
    showCommand,
    keysSetCommand,
    rotateCommand,
    revokeCommand,
  ])
    command.addCommand(build(io));
  // What is set for this command after it was built counts for its parts as well.
  return command.hook("preSubcommand", (parent, part) => void part.copyInheritedSettings(parent));
}

function listCommand(io: CommandIo): Command {
  return withClientOptions(new Command("ls"))
    .description("list the keys")
    .option("--all", "those that have expired or were revoked as well")
    .option("--json", "print as JSON")
    .action((flags: KeysFlags) =>
      runClientCommand(io, async (signal) => {
        const list = await createClient(flags, io).keys.list({ signal, maxRetries: 0 });
        const keys = flags.all ? list.data : list.data.filter(({ state }) => state === "live");
        if (flags.json) io.stdout.write(`${JSON.stringify({ ...list, data: keys }, undefined, 2)}\n`);
        else if (keys.length === 0)
          io.stdout.write("There is no key. muster keys create --name ci --scope inference makes one.\n");
        else io.stdout.write(`${renderTable(keyRows(keys), tableStyle(io))}\n`);
      }),
    );
}

function showCommand(io: CommandIo): Command {
  return withClientOptions(new Command("show"))
    .description("tell all that is known of a key, but its text")
    .argument("<key>", "its name or id")
    .option("--json", "print as JSON")
    .action((idOrName: string, flags: KeysFlags) =>
      runClientCommand(io, async (signal) => {
        const { data } = await createClient(flags, io).keys.list({ signal, maxRetries: 0 });
        const key = findKey(data, idOrName);
        const text = flags.json ? JSON.stringify(key, undefined, 2) : keyDetails(key).join("\n");
        io.stdout.write(`${flags.json ? text : printableText(text)}\n`);
      }),
    );
}

function rotateCommand(io: CommandIo): Command {
  return withClientOptions(new Command("rotate"))
    .description("give a key a new text; the one before it is good for a while longer")
    .argument("<key>", "its name or id")
    .option("--overlap <time>", "how long both are good: 24h, 30m (default: 24h)", duration)
    .option("--now", "end the one before it at once")
    .option("--json", 'print as JSON, the text as "key"')
    .action((idOrName: string, flags: KeysFlags & { readonly now?: boolean }) =>
      runClientCommand(io, async (signal) => {
        const { keys } = createClient(flags, io);
        const { data } = await keys.list({ signal, maxRetries: 0 });
        const overlap = flags.now
          ? 0
          : flags.overlap === undefined
            ? 86_400
            : Math.ceil(flags.overlap / 1_000);
        const made = await keys.rotate(findKey(data, idOrName).id, { overlap_seconds: overlap }, { signal });
        io.stdout.write(`${flags.json ? JSON.stringify(made, undefined, 2) : made.key}\n`);
        const ends = made.secrets.flatMap(({ prefix, expires_at }) =>
          made.key.startsWith(prefix) || expires_at === null ? [] : [new Date(expires_at * 1_000)],
        );
        io.stderr.write(
          `This is the new text of "${made.name}". Keep it now: it is not shown again.\n${
            ends[0] === undefined
              ? "The one before it is over."
              : `The one before it is good until ${ends[0].toISOString().slice(0, 16).replace("T", " ")} UTC.`
          }\n`,
        );
      }),
    );
}

function revokeCommand(io: CommandIo): Command {
  return withClientOptions(new Command("revoke"))
    .description("end a key for good, everywhere within seconds; what runs may end")
    .argument("<key>", "its name or id")
    .option("--json", "print as JSON")
    .action((idOrName: string, flags: KeysFlags) =>
      runClientCommand(io, async (signal) => {
        const { keys } = createClient(flags, io);
        const { data } = await keys.list({ signal, maxRetries: 0 });
        const key = await keys.revoke(findKey(data, idOrName).id, { signal, maxRetries: 0 });
        io.stdout.write(
          flags.json
            ? `${JSON.stringify(key, undefined, 2)}\n`
            : `The key ${printableText(key.name)} (${key.id}) is revoked.\n`,
        );
      }),
    );
}
