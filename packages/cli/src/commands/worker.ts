import type { LogLevel } from "@muster/base";
import { Command } from "commander";
import { chooseOrchestrator } from "../choose-orchestrator.ts";
import type { CommandIo } from "../command-io.ts";
import { replicaPrinter } from "../replica-printer.ts";
import { runUntilSignal } from "../run-until-signal.ts";
import { servedOverrides } from "../served-overrides.ts";
import {
  createLog,
  given,
  type LendingFlags,
  lendingOverrides,
  logOption,
  type ModelFlags,
  modelOverrides,
  withLendingOptions,
  withModelOptions,
} from "../service-options.ts";
import { buildEngineCommand } from "./build-engine.ts";
import { workerControlCommands } from "./worker-control.ts";

interface WorkerFlags extends ModelFlags, LendingFlags {
  readonly join?: string;
  readonly forget?: boolean;
  readonly name?: string;
  readonly dataDir?: string;
  readonly logLevel: LogLevel;
}

/** `muster worker`: lends this machine. */
export function workerCommand(io: CommandIo): Command {
  const command = withLendingOptions(withModelOptions(new Command("worker")))
    .description("lend this machine: run a model and dial an orchestrator")
    .argument(
      "[model]",
      "a name such as gemma-4-e4b-it or gemma-4-e4b-it:q8_0; a GGUF file: a path, hf:owner/repo/file.gguf, https:... or file:...; or what another server runs: openai:http://host:port/v1#model (default: MUSTER_MODEL)",
    )
    .option(
      "--join <host:port>",
      "the orchestrator's fleet port (default: MUSTER_JOIN, else the one on this machine, else one that is found on the network, after asking)",
    )
    .option("--forget", "forget which orchestrator was agreed on, and ask again")
    .option("--name <name>", "name of this worker (default: the machine's name)")
    .option("--data-dir <path>", "where the worker's id is kept")
    .addOption(logOption("warn"))
    .addCommand(buildEngineCommand(io))
    .action(async (model: string | undefined, flags: WorkerFlags) => {
      const { loadWorkerConfig, startWorker } = await import("@muster/worker");
      const log = createLog(flags.logLevel, "worker");
      const overrides = {
        ...modelOverrides(flags),
        ...lendingOverrides(flags),
        ...given({ name: flags.name, dataDirectory: flags.dataDir }),
      };
      // First of all: a name that nobody knows is said before anything is asked.
      const text = model ?? (io.env["MUSTER_MODEL"]?.trim() || undefined);
      const named =
        text === undefined ? {} : await servedOverrides(io, { text, name: flags.modelName, overrides, log });
      const orchestrator = await whereToJoin(io, flags);
      if (orchestrator === undefined) return;
      const config = loadWorkerConfig({ ...overrides, ...named, orchestrator }, io.env);
      if (config.models.length === 0) {
        io.stderr.write(
          "muster: no model given: this worker serves what the orchestrator tells it to load\n",
        );
      }
      const worker = await startWorker(config, {
        log,
        hooks: {
          onConnected: () => io.stdout.write(`Connected to ${config.orchestrator} as "${config.name}".\n`),
          onReplica: replicaPrinter(io),
        },
      });
      await runUntilSignal(io, { stop: () => worker.stop(), over: worker.ended });
      const refusal = await worker.ended;
      if (refusal !== undefined) throw refusal;
    });
  for (const part of workerControlCommands(io)) command.addCommand(part);
  // As in `muster batch`: wrong usage of a part ends as that of the whole.
  return command.hook("preSubcommand", (parent, part) => void part.copyInheritedSettings(parent));
}

/** The orchestrator's address; undefined where nobody agreed to any. */
async function whereToJoin(io: CommandIo, flags: WorkerFlags): Promise<string | undefined> {
  const { answers, findOrchestrators, forgetJoined, loadWorkerConfig, readJoined, rememberJoined } =
    await import("@muster/worker");
  const { dataDirectory } = loadWorkerConfig(given({ dataDirectory: flags.dataDir }), io.env);
  if (flags.forget) await forgetJoined(dataDirectory);
  const named = flags.join ?? (io.env["MUSTER_JOIN"]?.trim() || undefined);
  if (named !== undefined) return named;
  return chooseOrchestrator(io, {
    joined: () => readJoined(dataDirectory),
    remember: (joined) => rememberJoined(dataDirectory, joined),
    answersHere: () => answers("127.0.0.1", 11_501),
    find: async () => (io.env["MUSTER_DISCOVERY"]?.trim() === "off" ? [] : findOrchestrators()),
    now: () => new Date(),
  });
}
