import { MusterError, printableText } from "@muster/base";
import type { ApiKeyChange } from "@muster/sdk";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { duration } from "../duration.ts";
import { findKey } from "../find-key.ts";
import { keyDetails } from "../key-rows.ts";
import { type LimitFlags, limitsIn, orNone, withLimitOptions } from "../limit-options.ts";
import { namesIn } from "../names-option.ts";
import { runClientCommand } from "../run-client-command.ts";

interface SetFlags extends ClientFlags, LimitFlags {
  readonly models?: readonly string[];
  /** Milliseconds. */
  readonly expires?: number | "never";
  readonly json?: boolean;
}

/** `muster keys set`: what is given changes, the rest stays. */
export function keysSetCommand(io: CommandIo): Command {
  const command = withClientOptions(new Command("set"))
    .description("change what a key may take; what is not given stays, none takes a limit away")
    .argument("<key>", "its name or id")
    .option("--models <names>", "the models it may use, or all; may be repeated", namesIn)
    .option("--expires <time>", "after 90d, 12h, ... from now, or never", untilOrNever);
  return withLimitOptions(command, orNone)
    .option("--json", "print as JSON")
    .action((idOrName: string, _flags: SetFlags, parsed: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = parsed.optsWithGlobals<SetFlags>();
        const change = changeIn(flags);
        const { keys } = createClient(flags, io);
        const { data } = await keys.list({ signal, maxRetries: 0 });
        const key = await keys.update(findKey(data, idOrName).id, change, { signal, maxRetries: 0 });
        const text = flags.json ? JSON.stringify(key, undefined, 2) : keyDetails(key).join("\n");
        io.stdout.write(`${flags.json ? text : printableText(text)}\n`);
      }),
    );
}

function changeIn(flags: SetFlags): ApiKeyChange {
  const { models, expires } = flags;
  const limits = limitsIn(flags);
  const hasLimits = Object.values(limits).some((limit) => limit !== undefined);
  if (!hasLimits && models === undefined && expires === undefined)
    throw new MusterError(
      "invalid_request",
      "Nothing is to be changed: name a limit (--rpm 600, --tokens-per-month none), --models or --expires.",
    );
  return {
    limits: hasLimits ? limits : undefined,
    models: models?.join() === "all" ? null : models,
    expires_at: typeof expires === "number" ? Math.ceil((Date.now() + expires) / 1_000) : expires && null,
  };
}

function untilOrNever(text: string): number | "never" {
  return text === "never" ? text : duration(text);
}
