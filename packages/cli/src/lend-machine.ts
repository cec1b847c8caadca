import type { LogLevel } from "@muster/base";
import type { JoinedAs } from "@muster/worker";
import { chooseIdentity } from "./choose-identity.ts";
import { chooseOrchestrator } from "./choose-orchestrator.ts";
import type { CommandIo } from "./command-io.ts";
import { replicaPrinter } from "./replica-printer.ts";
import { runUntilSignal } from "./run-until-signal.ts";
import { servedOverrides } from "./served-overrides.ts";
import {
  createLog,
  given,
  type LendingFlags,
  lendingOverrides,
  type ModelFlags,
  modelOverrides,
} from "./service-options.ts";

export interface WorkerFlags extends ModelFlags, LendingFlags {
  readonly join?: string;
  readonly name?: string;
  readonly dataDir?: string;
  readonly logLevel: LogLevel;
}

/** Runs a worker until it is stopped. `joinedAs`: what it has just joined as; undefined: what it joined as before. */
export async function lendMachine(
  io: CommandIo,
  wanted: { readonly model: string | undefined; readonly flags: WorkerFlags; readonly joinedAs?: JoinedAs },
): Promise<void> {
  const { model, flags } = wanted;
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
  const target = await whereToLend(io, flags, wanted.joinedAs);
  if (target === undefined) return;
  const config = loadWorkerConfig({ ...overrides, ...named, ...target }, io.env);
  if (config.models.length === 0) {
    io.stderr.write("muster: no model given: this worker serves what the orchestrator tells it to load\n");
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
}

/** The orchestrator's address, and as whom; undefined where there is nobody to lend to. */
async function whereToLend(
  io: CommandIo,
  flags: WorkerFlags,
  joinedAs: JoinedAs | undefined,
): Promise<{ readonly orchestrator: string; readonly name?: string } | undefined> {
  const { answers, findOrchestrators, loadWorkerConfig, readJoined } = await import("@muster/worker");
  const { dataDirectory, name: machine } = loadWorkerConfig(given({ dataDirectory: flags.dataDir }), io.env);
  const name = flags.name ?? (io.env["MUSTER_WORKER_NAME"]?.trim() || undefined);
  const identity = joinedAs ?? chooseIdentity(await readJoined(dataDirectory), { name, machine });
  const address = flags.join ?? (io.env["MUSTER_JOIN"]?.trim() || undefined);
  if (identity !== undefined) return { orchestrator: address ?? identity.address, name: identity.name };
  if (address !== undefined) return { orchestrator: address };
  const orchestrator = await chooseOrchestrator(io, {
    answersHere: () => answers("127.0.0.1", 11_501),
    find: async () => (io.env["MUSTER_DISCOVERY"]?.trim() === "off" ? [] : findOrchestrators()),
  });
  return orchestrator === undefined ? undefined : { orchestrator };
}
