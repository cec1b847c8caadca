import type { LocalCommand } from "@muster/worker";
import { Command } from "commander";
import type { CommandIo } from "../command-io.ts";
import { duration } from "../duration.ts";
import { runClientCommand } from "../run-client-command.ts";
import { statusLines } from "../worker-status.ts";

interface ControlFlags {
  readonly for?: number;
  readonly json?: boolean;
  /** Of `muster worker` itself. */
  readonly name?: string;
  readonly dataDir?: string;
}

interface Deed {
  readonly name: LocalCommand["command"];
  readonly says: string;
  readonly commandOf: (flags: ControlFlags) => LocalCommand;
}

const deeds: readonly Deed[] = [
  {
    name: "pause",
    says: "take this machine back, for a while or until resume; survives a restart of the worker",
    commandOf: (flags) => ({ command: "pause", forMs: flags.for }),
  },
  {
    name: "resume",
    says: "end a pause, yours and an administrator's",
    commandOf: () => ({ command: "resume" }),
  },
  {
    name: "drain",
    says: "finish what runs, take nothing more, and end the worker",
    commandOf: () => ({ command: "drain" }),
  },
  {
    name: "status",
    says: "show whether this machine is lent, and why or why not",
    commandOf: () => ({ command: "status" }),
  },
];

/** `muster worker pause|resume|drain|status`: what the owner asks of the worker on this machine. */
export function workerControlCommands(io: CommandIo): Command[] {
  return deeds.map(({ name, says, commandOf }) => {
    const command = new Command(name)
      .description(says)
      .option("--name <name>", "of the worker, where several run here")
      .option("--data-dir <path>", "where the worker keeps its id (default: MUSTER_DATA_DIR)")
      .option("--json", "print the worker's status as JSON");
    if (name === "pause")
      command.option("--for <time>", "for so long: 30m, 2h, 1d (default: until resume)", duration);
    return command.action((_flags: ControlFlags, self: Command) =>
      runClientCommand(io, async () => {
        const flags = self.optsWithGlobals<ControlFlags>();
        const { askWorker, loadWorkerConfig } = await import("@muster/worker");
        const { dataDirectory } = loadWorkerConfig(
          flags.dataDir === undefined ? {} : { dataDirectory: flags.dataDir },
          io.env,
        );
        const named = flags.name ?? io.env["MUSTER_WORKER_NAME"];
        const status = await askWorker(commandOf(flags), { dataDirectory, name: named });
        const text = flags.json
          ? JSON.stringify(status, undefined, 2)
          : statusLines(status, Date.now()).join("\n");
        io.stdout.write(`${text}\n`);
      }),
    );
  });
}
