import { printableText } from "@muster/base";
import type { Worker, Workers } from "@muster/sdk";
import { Command, InvalidArgumentError } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { duration } from "../duration.ts";
import { findWorker } from "../find-worker.ts";
import { runClientCommand } from "../run-client-command.ts";

interface PauseFlags extends ClientFlags {
  readonly json?: boolean;
  /** Milliseconds. */
  readonly for?: number;
}

const maxPauseMs = 7 * 86_400_000;

/** `muster workers pause NAME [--for 2h]`. */
export function workersPauseCommand(io: CommandIo): Command {
  return withClientOptions(new Command("pause"))
    .description("have a worker lend nothing for a while; its owner can end that on the machine")
    .argument("<worker>", "its name or id, as `muster workers` shows it")
    .option("--for <time>", "for so long: 30m, 2h, 7d (default: until resume)", pauseTime)
    .option("--json", "print the worker as JSON")
    .action((idOrName: string, _flags: PauseFlags, command: Command) => {
      const { for: forMs, json } = command.optsWithGlobals<PauseFlags>();
      const wish = forMs === undefined ? {} : { seconds: Math.max(1, Math.round(forMs / 1_000)) };
      return tell(io, { command, idOrName, json }, async (workers, id, options) => {
        const worker = await workers.pause(id, wish, options);
        const { reason = "" } = worker.availability ?? {};
        return { worker, says: `${worker.name} lends nothing now. ${reason}` };
      });
    });
}

/** `muster workers resume NAME`. */
export function workersResumeCommand(io: CommandIo): Command {
  return withClientOptions(new Command("resume"))
    .description("end a pause that `muster workers pause` has set")
    .argument("<worker>", "its name or id, as `muster workers` shows it")
    .option("--json", "print the worker as JSON")
    .action((idOrName: string, _flags: PauseFlags, command: Command) =>
      tell(
        io,
        { command, idOrName, json: command.optsWithGlobals<PauseFlags>().json },
        async (workers, id, options) => {
          const worker = await workers.resume(id, options);
          return {
            worker,
            says: `${worker.name} lends again, unless its owner or its policy says otherwise.`,
          };
        },
      ),
    );
}

/** Finds the worker, has it told, and says what became of it. */
function tell(
  io: CommandIo,
  asked: { readonly command: Command; readonly idOrName: string; readonly json: boolean | undefined },
  order: (
    workers: Workers,
    id: string,
    options: { readonly signal: AbortSignal; readonly maxRetries: number },
  ) => Promise<{ readonly worker: Worker; readonly says: string }>,
): Promise<void> {
  return runClientCommand(io, async (signal) => {
    // `muster workers --url …` has the same options: whoever took one, it counts.
    const { workers } = createClient(asked.command.optsWithGlobals<PauseFlags>(), io);
    const options = { signal, maxRetries: 0 };
    const { data } = await workers.list(options);
    const { worker, says } = await order(workers, findWorker(data, asked.idOrName).id, options);
    io.stdout.write(`${asked.json ? JSON.stringify(worker, undefined, 2) : printableText(says).trim()}\n`);
  });
}

function pauseTime(text: string): number {
  const ms = duration(text);
  if (ms <= maxPauseMs) return ms;
  throw new InvalidArgumentError("It must be a week at most; without --for it lasts until resume.");
}
