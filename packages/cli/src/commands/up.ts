import { join } from "node:path";
import type { Log, LogLevel } from "@muster/base";
import type { OrchestratorConfig, RunningOrchestrator } from "@muster/orchestrator";
import { Command } from "commander";
import { chooseModel } from "../choose-model.ts";
import type { CommandIo } from "../command-io.ts";
import { clientUrl, howToTrust } from "../dial-address.ts";
import { howToJoin } from "../how-to-join.ts";
import { replicaPrinter } from "../replica-printer.ts";
import { runUntilSignal } from "../run-until-signal.ts";
import { servedOverrides } from "../served-overrides.ts";
import {
  createLog,
  type LendingFlags,
  logOption,
  type ModelFlags,
  modelOverrides,
  type OrchestratorFlags,
  operatorNote,
  orchestratorOverrides,
  tlsEnvironment,
  upLendingOverrides,
  withLendingOptions,
  withModelOptions,
  withOrchestratorOptions,
} from "../service-options.ts";

type UpFlags = OrchestratorFlags & ModelFlags & LendingFlags & { readonly logLevel: LogLevel };

/** `muster up`: everything on this machine; others join later. */
export function upCommand(io: CommandIo): Command {
  return withLendingOptions(withModelOptions(withOrchestratorOptions(new Command("up"))))
    .description("start everything here: orchestrator, Redis and a worker that lends this machine")
    .argument(
      "[model]",
      "a name such as gemma-4-e4b-it or gemma-4-e4b-it:q8_0; a GGUF file: a path, hf:owner/repo/file.gguf, https:...; or openai:http://host:port/v1#model (default: MUSTER_MODEL, else a small Gemma)",
    )
    .addOption(logOption("warn"))
    .action(async (model: string | undefined, flags: UpFlags) => {
      const { loadOrchestratorConfig, startOrchestrator } = await import("@muster/orchestrator");
      const log = createLog(flags.logLevel, "muster");
      const config = loadOrchestratorConfig(orchestratorOverrides(flags), tlsEnvironment(flags, io.env));
      // First of all: what is missing here should be known before a model is fetched.
      const orchestrator = await startOrchestrator(config, { log });
      try {
        await serveHere(io, { orchestrator, config, model, flags, log });
      } finally {
        await orchestrator.stop();
      }
    });
}

async function serveHere(
  io: CommandIo,
  up: {
    readonly orchestrator: RunningOrchestrator;
    readonly config: OrchestratorConfig;
    readonly model: string | undefined;
    readonly flags: UpFlags;
    readonly log: Log;
  },
): Promise<void> {
  const { orchestrator, model, flags, log } = up;
  const { loadWorkerConfig, startWorker } = await import("@muster/worker");
  const overrides = {
    ...modelOverrides(flags),
    ...upLendingOverrides(flags, io.env),
    orchestrator: orchestrator.fleetAddress,
    // A folder of its own: another worker on this machine must not be taken for this one.
    dataDirectory: join(up.config.dataDirectory, "up"),
    // Both are one person's, and a path means one thing to them.
    ...(io.env["MUSTER_ALLOW_PATHS"] === undefined ? { allowPaths: ["*"] } : {}),
  };
  const text = model ?? (io.env["MUSTER_MODEL"]?.trim() || undefined);
  const named =
    text === undefined
      ? { models: [await starterModel(io, flags, log)] }
      : await servedOverrides(io, { text, name: flags.modelName, overrides, log });
  const config = loadWorkerConfig(
    { ...overrides, ...named, ...(await joinedHere(up, overrides, io)) },
    io.env,
  );
  const worker = await startWorker(config, {
    log,
    hooks: { onReplica: replicaPrinter(io, () => tryIt(orchestrator.url)) },
  });
  io.stdout.write(`Muster is up at ${clientUrl(orchestrator.url, up.config.host)}/v1 (OpenAI-compatible).\n`);
  io.stdout.write(`Dashboard: ${clientUrl(orchestrator.url, up.config.host)}/\n`);
  io.stdout.write(`Other machines join with: ${howToJoin(orchestrator)}\n`);
  io.stderr.write(howToTrust(up.config));
  io.stderr.write(operatorNote(orchestrator.operatorKeyFile));
  // The requests first: what runs may still need the worker.
  const stop = async () => {
    await orchestrator.stop();
    await worker.stop();
  };
  await runUntilSignal(io, { stop, over: worker.ended });
  const refusal = await worker.ended;
  if (refusal !== undefined) throw refusal;
}

/** Where the fleet port wants certificates, this machine's own worker joins as any other, with an invitation made here. */
async function joinedHere(
  { orchestrator }: { readonly orchestrator: RunningOrchestrator },
  overrides: { readonly orchestrator: string; readonly dataDirectory: string },
  io: CommandIo,
): Promise<{ readonly name?: string; readonly orchestrator?: string }> {
  const { trust, fleetAddress } = orchestrator;
  if (trust === undefined) return {};
  const { joinFleet, loadWorkerConfig, readJoined } = await import("@muster/worker");
  const { dataDirectory, name } = loadWorkerConfig(overrides, io.env);
  // An address that stands for all of the machine's is reached from here as loopback.
  const address = fleetAddress.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, "127.0.0.1");
  const live = new Set(trust.enrolments().flatMap(({ id, state }) => (state === "live" ? [id] : [])));
  const known = (await readJoined(dataDirectory)).find(({ workerId }) => live.has(workerId));
  if (known !== undefined) return { name: known.name, orchestrator: address };
  const wish = { pool: "orchestrators", name: undefined, count: 1, forMs: 60_000, address };
  const { lines } = await trust.invite(wish, "muster");
  const joined = await joinFleet(lines[0] ?? "", { dataDirectory, name });
  return { name: joined.name, orchestrator: address };
}

async function starterModel(io: CommandIo, flags: UpFlags, log: Log) {
  const { uri, name } = await chooseModel(io, { modelDirectory: flags.modelDir, log });
  return { uri, name: flags.modelName ?? name };
}

function tryIt(url: string): string {
  return ` Try: muster chat "Hello"${url.endsWith(":11500") ? "" : ` --url ${url}`}`;
}
