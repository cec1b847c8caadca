import type { LogLevel } from "@muster/base";
import { Command, Option } from "commander";
import type { CommandIo } from "../command-io.ts";
import { replicaPrinter } from "../replica-printer.ts";
import { runUntilSignal } from "../run-until-signal.ts";
import { createLog, given, logOption, type ModelFlags, withModelOptions } from "../service-options.ts";

interface WorkerFlags extends ModelFlags {
  readonly join?: string;
  readonly name?: string;
  readonly dataDir?: string;
  readonly engine?: "node-llama-cpp" | "stub";
  readonly logLevel: LogLevel;
}

/** `muster worker`: lends this machine. */
export function workerCommand(io: CommandIo): Command {
  return withModelOptions(new Command("worker"))
    .description("lend this machine: run a model and dial an orchestrator")
    .argument(
      "[model]",
      "a GGUF file: a path, hf:owner/repo/file.gguf, https:... or file:... (default: MUSTER_MODEL)",
    )
    .option(
      "--join <host:port>",
      "the orchestrator's fleet port (default: MUSTER_JOIN, else 127.0.0.1:11501)",
    )
    .option("--name <name>", "name of this worker (default: the machine's name)")
    .option("--data-dir <path>", "where the worker's id is kept")
    .addOption(
      new Option(
        "--engine <engine>",
        "what runs the model; stub answers with the prompt's own words, for load tests",
      )
        .choices(["node-llama-cpp", "stub"])
        .env("MUSTER_ENGINE"),
    )
    .addOption(logOption("warn"))
    .action(async (model: string | undefined, flags: WorkerFlags) => {
      const uri = model ?? io.env["MUSTER_MODEL"];
      const { loadWorkerConfig, startWorker } = await import("@muster/worker");
      const config = loadWorkerConfig(
        given({
          orchestrator: flags.join,
          name: flags.name,
          dataDirectory: flags.dataDir,
          modelDirectory: flags.modelDir,
          models: uri === undefined ? undefined : [{ uri, name: flags.modelName }],
          slots: flags.slots,
          contextTokens: flags.context,
          threads: flags.threads,
          gpu: flags.cpu ? ("off" as const) : undefined,
          engine: flags.engine,
        }),
        io.env,
      );
      if (config.models.length === 0) {
        io.stderr.write(
          "muster: no model given: this worker serves what the orchestrator tells it to load\n",
        );
      }
      const worker = await startWorker(config, {
        log: createLog(flags.logLevel, "worker"),
        hooks: {
          onConnected: () => io.stdout.write(`Connected to ${config.orchestrator} as "${config.name}".\n`),
          onReplica: replicaPrinter(io),
        },
      });
      await runUntilSignal(io, { stop: () => worker.stop(), over: worker.ended });
      const refusal = await worker.ended;
      if (refusal !== undefined) throw refusal;
    });
}
