import type { LogLevel } from "@muster/base";
import { Command } from "commander";
import { chooseModel } from "../choose-model.ts";
import type { CommandIo } from "../command-io.ts";
import { replicaPrinter } from "../replica-printer.ts";
import { runUntilSignal } from "../run-until-signal.ts";
import {
  createLog,
  given,
  logOption,
  type ModelFlags,
  type OrchestratorFlags,
  orchestratorOverrides,
  withModelOptions,
  withOrchestratorOptions,
} from "../service-options.ts";

type UpFlags = OrchestratorFlags & ModelFlags & { readonly logLevel: LogLevel };

/** `muster up`: everything on this machine; others join later. */
export function upCommand(io: CommandIo): Command {
  return withModelOptions(withOrchestratorOptions(new Command("up")))
    .description("start everything here: orchestrator, Redis and a worker that lends this machine")
    .argument(
      "[model]",
      "a GGUF file: a path, hf:owner/repo/file.gguf, https:... (default: MUSTER_MODEL, else a small Gemma)",
    )
    .addOption(logOption("warn"))
    .action(async (model: string | undefined, flags: UpFlags) => {
      const { loadOrchestratorConfig, startOrchestrator } = await import("@muster/orchestrator");
      const { loadWorkerConfig, startWorker } = await import("@muster/worker");
      const log = createLog(flags.logLevel, "muster");
      const config = loadOrchestratorConfig(orchestratorOverrides(flags), io.env);
      const chosen =
        model === undefined
          ? await chooseModel(io, { modelDirectory: flags.modelDir, log })
          : { uri: model, name: undefined };
      const orchestrator = await startOrchestrator(config, { log });
      const worker = await startWorker(
        loadWorkerConfig(
          given({
            orchestrator: orchestrator.fleetAddress,
            dataDirectory: config.dataDirectory,
            modelDirectory: flags.modelDir,
            models: [{ uri: chosen.uri, name: flags.modelName ?? chosen.name }],
            slots: flags.slots,
            contextTokens: flags.context,
            threads: flags.threads,
            gpu: flags.cpu ? ("off" as const) : undefined,
          }),
          io.env,
        ),
        { log, hooks: { onReplica: replicaPrinter(io, () => tryIt(orchestrator.url)) } },
      ).catch(async (error: unknown) => {
        await orchestrator.stop();
        throw error;
      });
      io.stdout.write(`Muster is up at ${orchestrator.url}/v1 (OpenAI-compatible).\n`);
      io.stdout.write(
        `Other machines join with: muster worker --join ${orchestrator.fleetAddress} <model>\n`,
      );
      await runUntilSignal(io, {
        stop: async () => {
          await worker.stop();
          await orchestrator.stop();
        },
      });
    });
}

function tryIt(url: string): string {
  return ` Try: muster chat "Hello"${url.endsWith(":11500") ? "" : ` --url ${url}`}`;
}
