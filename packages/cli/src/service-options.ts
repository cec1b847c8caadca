import { createPinoLog, type Log, type LogLevel, MusterError } from "@muster/base";
import { type Command, InvalidArgumentError, Option } from "commander";

/** Options of the commands that run a service, and what becomes of them. */

const logLevels: readonly LogLevel[] = ["silent", "error", "warn", "info", "debug"];

export function logOption(byDefault: LogLevel): Option {
  return new Option("--log-level <level>", "how much to log, as JSON lines on standard error")
    .choices(logLevels)
    .env("MUSTER_LOG")
    .default(byDefault);
}

export function createLog(level: LogLevel, service: string): Log {
  return createPinoLog({ level, service });
}

/** For commander: a whole number in a range, or a usage error that says which. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

export function withOrchestratorOptions(command: Command): Command {
  return command
    .option(
      "--host <address>",
      "address to listen on; any but loopback needs MUSTER_API_KEYS and MUSTER_JOIN_TOKEN",
    )
    .option("--port <port>", "port for clients (default: 11500)", integer(0, 65_535))
    .option("--fleet-port <port>", "port that workers dial (default: 11501)", integer(0, 65_535))
    .option("--redis-url <url>", "a Redis that runs already (default: REDIS_URL, else one of our own)")
    .option("--data-dir <path>", "where the queue and ids are kept");
}

export function withModelOptions(command: Command): Command {
  return command
    .option("--slots <n>", "answers at once for each model (default: 4)", integer(1, 256))
    .option(
      "--context <tokens>",
      "context of each slot (default: the model's, at most 8192)",
      integer(128, 1_048_576),
    )
    .option("--threads <n>", "CPU threads for the engine", integer(1, 1_024))
    .option("--cpu", "stay on the CPU even where there is a GPU")
    .option("--model-name <name>", "name to serve the model under (default: from the file's name)")
    .option("--model-dir <path>", "where downloaded models are kept");
}

export interface OrchestratorFlags {
  readonly host?: string;
  readonly port?: number;
  readonly fleetPort?: number;
  readonly redisUrl?: string;
  readonly dataDir?: string;
}

export interface ModelFlags {
  readonly slots?: number;
  readonly context?: number;
  readonly threads?: number;
  readonly cpu?: boolean;
  readonly modelName?: string;
  readonly modelDir?: string;
}

/** Leaves out what was not given, so that the environment and the defaults count. */
export function given<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

export function orchestratorOverrides(flags: OrchestratorFlags) {
  return given({
    host: flags.host,
    port: flags.port,
    fleetPort: flags.fleetPort,
    redisUrl: flags.redisUrl,
    dataDirectory: flags.dataDir,
  });
}

/** One line on standard error for what went wrong; what a program's own bug threw keeps its stack. */
export function describeFailure(error: unknown): string {
  if (error instanceof MusterError) return `muster: ${error.message}\n`;
  return `muster: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}
