import { MusterError, printableText } from "@muster/base";
import type { Enrolment } from "@muster/sdk";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { runClientCommand } from "../run-client-command.ts";

interface RevokeFlags extends ClientFlags {
  readonly json?: boolean;
}

/** `muster workers revoke NAME`. */
export function workersRevokeCommand(io: CommandIo): Command {
  return withClientOptions(new Command("revoke"))
    .description("take a machine out of the fleet for good, at once, whether it is connected or not")
    .argument("<worker>", "its name or id, as `muster workers enrolled` shows it")
    .option("--json", "print the enrolment as JSON")
    .action((idOrName: string, _flags: RevokeFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = command.optsWithGlobals<RevokeFlags>();
        const { workers } = createClient(flags, io);
        const { data } = await workers.enrolled({ signal, maxRetries: 0 });
        const revoked = await workers.revoke(meant(data, idOrName).id, { signal, maxRetries: 0 });
        io.stdout.write(
          flags.json
            ? `${JSON.stringify(revoked, undefined, 2)}\n`
            : `${printableText(revoked.name)} is out: within seconds it gets no more work, and what it sends does not count.\n`,
        );
      }),
    );
}

/** Of several with one name the one that is not out already. */
function meant(enrolments: readonly Enrolment[], idOrName: string): Enrolment {
  const byId = enrolments.find(({ id }) => id === idOrName);
  if (byId !== undefined) return byId;
  const named = enrolments.filter(({ name }) => name === idOrName);
  const live = named.filter(({ state }) => state === "live");
  const [one, ...others] = live.length > 0 ? live : named;
  if (one === undefined) {
    throw new MusterError(
      "not_found",
      `No machine has joined as "${printableText(idOrName)}". \`muster workers enrolled\` lists those that have.`,
    );
  }
  if (others.length === 0) return one;
  const list = [one, ...others].map(
    ({ id, state, joined_at }) => `  ${id}  ${state}  joined ${new Date(joined_at * 1_000).toISOString()}`,
  );
  throw new MusterError(
    "invalid_request",
    `Several are called "${printableText(idOrName)}": give the id of one.\n${list.join("\n")}`,
  );
}
