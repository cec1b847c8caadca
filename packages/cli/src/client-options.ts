import { MusterError } from "@muster/base";
import { Muster } from "@muster/sdk";
import { type Command, Option } from "commander";
import type { CommandIo } from "./command-io.ts";
import { operatorKey, ownAuthority } from "./operator-key.ts";
import { trustAuthority } from "./trust-authority.ts";

/** Options of the commands that talk to an orchestrator. */
export interface ClientFlags {
  readonly url?: string;
  readonly key?: string;
}

export function withClientOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--url <url>", "the orchestrator (default: MUSTER_BASE_URL, else http://127.0.0.1:11500)"),
    )
    .addOption(
      new Option(
        "--key <key>",
        "API key; better set MUSTER_API_KEY: others on this machine can see a command's options (default: that, else the operator's of an orchestrator on this machine)",
      ),
    );
}

/** The client that the options and the environment ask for. Throws `invalid_request` for an address that cannot be. */
export function createClient(flags: ClientFlags, io: Pick<CommandIo, "env">): Muster {
  // Given even where absent, so that only this command's environment counts.
  const baseUrl = flags.url ?? (io.env["MUSTER_BASE_URL"]?.trim() || "http://127.0.0.1:11500");
  const apiKey = flags.key ?? (io.env["MUSTER_API_KEY"]?.trim() || operatorKey(baseUrl, io.env)) ?? "";
  const authority = baseUrl.startsWith("https:") ? ownAuthority(io.env) : undefined;
  if (authority !== undefined) trustAuthority(authority);
  try {
    return new Muster({ baseUrl, apiKey });
  } catch (cause) {
    throw new MusterError("invalid_request", MusterError.from(cause).message, { cause });
  }
}
