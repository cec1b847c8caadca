import { printableText } from "@muster/base";
import { AbortedError, type LogLine, type LogQuery, type Muster } from "@muster/sdk";
import { Command, Option } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { duration } from "../duration.ts";
import { logText } from "../log-text.ts";
import { atMost } from "../number-options.ts";
import { runClientCommand } from "../run-client-command.ts";
import { tableStyle } from "../table.ts";

interface LogsFlags extends ClientFlags {
  readonly follow?: boolean;
  readonly level?: LogLine["level"];
  readonly request?: string;
  /** Milliseconds. */
  readonly since?: number;
  readonly limit?: number;
  readonly json?: boolean;
}

/** As many as the orchestrator gives at once. */
const mostLines = 2_000;
const usualLines = 200;

/** `muster logs [SOURCE]`: what the orchestrator and its workers say. */
export function logsCommand(io: CommandIo): Command {
  return withClientOptions(new Command("logs"))
    .description("show what the orchestrator and its workers have said lately")
    .argument("[source]", "orchestrator, or the name of a worker (default: all)")
    .option("-f, --follow", "go on with each line as it comes, until Ctrl-C")
    .addOption(
      new Option("--level <level>", "this and graver (default: info)").choices([
        "debug",
        "info",
        "warn",
        "error",
      ]),
    )
    .option("--request <id>", "lines about this request, or this trace")
    .option("--since <time>", "not older than: 10m, 2h, 1d", duration)
    .option(
      "--limit <count>",
      `the newest so many, at most ${mostLines} (default: ${usualLines})`,
      atMost(mostLines),
    )
    .option("--json", "print as JSON, a line each")
    .action((source: string | undefined, flags: LogsFlags) =>
      runClientCommand(io, async (signal) => {
        const client = createClient(flags, io);
        const style = { isColoured: tableStyle(io).isColoured };
        const print = (line: LogLine) =>
          io.stdout.write(
            `${flags.json ? JSON.stringify(line) : logText(line, { nowMs: Date.now(), style })}\n`,
          );
        const asked = { client, flags, source, signal };
        if (flags.follow) await follow(io, asked, print);
        else for (const line of await newest(asked)) print(line);
      }),
    );
}

interface Asked {
  readonly client: Muster;
  readonly flags: LogsFlags;
  readonly source: string | undefined;
  readonly signal: AbortSignal;
}

/** The server counts lines before we know how old they are. */
function queryOf({ flags, source }: Asked): LogQuery {
  const { level, request, since, limit } = flags;
  return { level, source, request, limit: since === undefined ? limit : mostLines };
}

function isWanted({ at }: LogLine, { since }: LogsFlags, nowMs: number): boolean {
  return since === undefined || at * 1_000 >= nowMs - since;
}

async function newest(asked: Asked): Promise<readonly LogLine[]> {
  const { client, flags, signal } = asked;
  const { data } = await client.logs.list(queryOf(asked), { signal, maxRetries: 0 });
  const nowMs = Date.now();
  return data.filter((line) => isWanted(line, flags, nowMs)).slice(-(flags.limit ?? mostLines));
}

async function follow(io: CommandIo, asked: Asked, print: (line: LogLine) => void): Promise<void> {
  const { client, flags, signal } = asked;
  const startedMs = Date.now();
  let isAway = false;
  // A server that was never there is not waited for.
  await client.logs.list({ ...queryOf(asked), limit: 1 }, { signal, maxRetries: 0 });
  const lines = client.logs.follow(queryOf(asked), {
    signal,
    outageMs: Number.POSITIVE_INFINITY,
    onOutage: ({ message }) => {
      if (!isAway) io.stderr.write(`muster: ${printableText(message)} Trying again.\n`);
      isAway = true;
    },
  });
  for await (const line of lines) {
    isAway = false;
    if (isWanted(line, flags, startedMs)) print(line);
  }
  throw new AbortedError("Interrupted.");
}
