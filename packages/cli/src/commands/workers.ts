import { setTimeout as pause } from "node:timers/promises";
import { AbortedError, ConnectionError, type Muster, type Worker } from "@muster/sdk";
import { Command, InvalidArgumentError } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { idleNotes, isIdle } from "../idle-notes.ts";
import { reportFailure, runClientCommand } from "../run-client-command.ts";
import { renderTable, tableStyle } from "../table.ts";
import { workerNotes, workerRows } from "../worker-rows.ts";
import { workersDrainCommand } from "./workers-drain.ts";
import { workersEnrolledCommand } from "./workers-enrolled.ts";
import { workersInviteCommand } from "./workers-invite.ts";
import { workersPauseCommand, workersResumeCommand } from "./workers-pause.ts";
import { workersRevokeCommand } from "./workers-revoke.ts";
import { workersShowCommand } from "./workers-show.ts";

interface WorkersFlags extends ClientFlags {
  readonly json?: boolean;
  /** Seconds; true where none were given. */
  readonly watch?: number | true;
}

const watchSeconds = 1;
/** Cursor to the top left; then, after the table, clear what an earlier one left. */
const home = "\u001b[H";
const clearRest = "\u001b[J";
const clearLineEnd = "\u001b[K";

/** `muster workers`: the fleet, its models and how busy it is. */
export function workersCommand(io: CommandIo): Command {
  return (
    withClientOptions(new Command("workers"))
      .description("list the workers, what they serve and how busy they are")
      .option("--json", "print as JSON; with --watch, one line each time")
      .option("--watch [seconds]", "show again and again, until Ctrl-C", interval)
      .addCommand(workersShowCommand(io))
      .addCommand(workersDrainCommand(io))
      .addCommand(workersPauseCommand(io))
      .addCommand(workersResumeCommand(io))
      .addCommand(workersInviteCommand(io))
      .addCommand(workersEnrolledCommand(io))
      .addCommand(workersRevokeCommand(io))
      .action((flags: WorkersFlags) =>
        runClientCommand(io, async (signal) => {
          const client = createClient(flags, io);
          if (flags.watch === undefined) io.stdout.write(await view(io, client, { ...flags, signal }));
          else await watch(io, client, { ...flags, signal });
        }),
      )
      // What is set for this command after it was built counts for its parts as well.
      .hook("preSubcommand", (parent, part) => void part.copyInheritedSettings(parent))
  );
}

interface ViewOptions extends WorkersFlags {
  readonly signal: AbortSignal;
}

async function view(io: CommandIo, client: Muster, options: ViewOptions): Promise<string> {
  const list = await client.workers.list({ signal: options.signal, maxRetries: 0 });
  if (options.json)
    return `${JSON.stringify(list, undefined, options.watch === undefined ? 2 : undefined)}\n`;
  if (list.data.length === 0) {
    return "No worker has joined. On the machine that shall lend: muster worker\n";
  }
  const table = renderTable(workerRows(list.data, Date.now()), tableStyle(io));
  const notes = [...workerNotes(list.data), ...(await whyIdle(client, list.data, options))];
  return `${table}\n\n${notes.join("\n")}\n`;
}

/** What placement says of workers with nothing loaded; not again and again, since it looks at every model for that. */
async function whyIdle(client: Muster, workers: readonly Worker[], options: ViewOptions): Promise<string[]> {
  if (options.watch !== undefined || !workers.some(isIdle)) return [];
  const asked = { signal: options.signal, maxRetries: 0 };
  const plans = await client.models.plan(undefined, asked).catch(() => undefined);
  return plans === undefined ? [] : idleNotes(workers, plans.data);
}

/** Until the signal. Once it has worked, an orchestrator that restarts is waited for. */
async function watch(io: CommandIo, client: Muster, options: ViewOptions): Promise<void> {
  const { signal } = options;
  const everyMs =
    (options.watch === true || options.watch === undefined ? watchSeconds : options.watch) * 1_000;
  for (let shown = 0; !signal.aborted; ) {
    try {
      draw(io, await view(io, client, options), { isFirst: shown === 0, isJson: options.json === true });
      shown += 1;
    } catch (error) {
      if (shown === 0 || !(error instanceof ConnectionError)) throw error;
      reportFailure(io, error);
    }
    await pause(everyMs, undefined, { signal }).catch(() => {});
  }
  throw new AbortedError("Interrupted.");
}

function draw(
  io: CommandIo,
  text: string,
  as: { readonly isFirst: boolean; readonly isJson: boolean },
): void {
  if (as.isJson) io.stdout.write(text);
  else if (!io.isTty) io.stdout.write(as.isFirst ? text : `\n${text}`);
  else {
    const start = as.isFirst ? home + clearRest : home;
    io.stdout.write(start + text.replaceAll("\n", `${clearLineEnd}\n`) + clearRest);
  }
}

function interval(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds, at most a day.");
}
