import type { ApiKeyRequest, KeyScope } from "@muster/sdk";
import { Command, InvalidArgumentError } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { duration } from "../duration.ts";
import { type LimitFlags, limitsIn, withLimitOptions } from "../limit-options.ts";
import { namesIn } from "../names-option.ts";
import { runClientCommand } from "../run-client-command.ts";

interface CreateFlags extends ClientFlags, LimitFlags {
  readonly name: string;
  readonly scope: readonly KeyScope[];
  readonly models?: readonly string[];
  readonly tenant?: string;
  /** Milliseconds. */
  readonly expires?: number;
  readonly json?: boolean;
}

const scopes: readonly string[] = ["inference", "batch", "read", "metrics", "admin"];

/** `muster keys create`: the key alone on standard output, so that `KEY=$(muster keys create …)` works. */
export function keysCreateCommand(io: CommandIo): Command {
  const command = withClientOptions(new Command("create"))
    .description("make an API key for a person or a program; its text is shown this once")
    .requiredOption("--name <name>", "who or what it is for: lower-case letters, digits, hyphens")
    .requiredOption(
      "--scope <scope>",
      "inference, batch, read (look at the fleet), metrics or admin (all of it); may be repeated",
      scope,
    )
    .option("--models <names>", "the models it may use, with * for any text; may be repeated", namesIn)
    .option("--tenant <name>", "whose files and batches it sees (default: the name)");
  return withLimitOptions(command)
    .option("--expires <time>", "after 90d, 12h, ... (default: never)", duration)
    .option("--json", 'print as JSON, the text as "key"')
    .action((_flags: CreateFlags, parsed: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = parsed.optsWithGlobals<CreateFlags>();
        const made = await createClient(flags, io).keys.create(requestOf(flags), { signal });
        io.stdout.write(`${flags.json ? JSON.stringify(made, undefined, 2) : made.key}\n`);
        const until =
          made.expires_at === null
            ? "It does not expire (--expires sets when)."
            : `It expires on ${new Date(made.expires_at * 1_000).toISOString().slice(0, 10)}.`;
        io.stderr.write(
          `This is the key "${made.name}" (${made.id}). Keep it now: it is stored nowhere, and not shown again.\n${until} \`muster keys revoke ${made.name}\` ends it.\n`,
        );
      }),
    );
}

function requestOf(flags: CreateFlags): ApiKeyRequest {
  const { expires } = flags;
  return {
    name: flags.name,
    scopes: flags.scope,
    tenant: flags.tenant,
    models: flags.models,
    limits: limitsIn(flags),
    expires_at: expires === undefined ? undefined : Math.ceil((Date.now() + expires) / 1_000),
  };
}

function scope(text: string, before: readonly string[] = []): readonly string[] {
  if (scopes.includes(text)) return [...before, text];
  throw new InvalidArgumentError(`It must be one of ${scopes.join(", ")}.`);
}
