import {
  createPinoLog,
  type Env,
  type LendingPolicy,
  type Log,
  type LogLevel,
  lendingPolicies,
  MusterError,
} from "@muster/base";
import { type Command, InvalidArgumentError, Option } from "commander";

/** Options of the commands that run a service, and what becomes of them. */

/** As in the worker's configuration, which is loaded only by the commands that need it. */
const engineNames = ["node-llama-cpp", "llama-server", "stub"] as const;

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
      "address to listen on; any but loopback needs --tls or its like, and workers an invitation",
    )
    .addOption(
      new Option(
        "--tls <how>",
        "own: a certificate of Muster's own authority; off: plain, behind a proxy or on a network that is trusted",
      ).choices(["own", "off"]),
    )
    .option("--tls-cert <path>", "certificate for clients, PEM, with its chain; read again when it changes")
    .option("--tls-key <path>", "its private key, PEM")
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
    .option("--model-dir <path>", "where downloaded models are kept")
    .addOption(
      new Option(
        "--engine <engine>",
        "what runs model files: node-llama-cpp comes with Muster, llama-server is llama.cpp's own program, stub answers with the prompt's own words, for load tests (default: MUSTER_ENGINE, else node-llama-cpp)",
      ).choices(engineNames),
    )
    .option(
      "--llama-server <path>",
      "the llama-server program (default: MUSTER_LLAMA_SERVER, else from PATH)",
    )
    .option("--mmproj <model>", "llama-server: the projector file of a model that sees or hears")
    .option("--draft <model>", "llama-server: a small model that drafts tokens for the large one to check")
    .option("--engine-args <flags>", "llama-server: more of its own flags, in one text")
    .option(
      "--capabilities <list>",
      "llama-server and openai: what the model can do, such as +vision,-tools (default: found out)",
    );
}

/** When this machine is lent, and what the fleet may do with it. */
export function withLendingOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--lend <policy>",
        "when this machine is lent: always, schedule (see --schedule), owner-away (nobody at keyboard and mouse, nothing in full screen, GPU free, on AC power) (default: MUSTER_LEND, else always)",
      ).choices(lendingPolicies),
    )
    .option("--schedule <hours>", 'hours in local time: "mon-fri 19:00-07:00, sat-sun 00:00-24:00"')
    .option(
      "--idle-minutes <n>",
      "owner-away: minutes without input before it is lent (default: 10)",
      integer(1, 1_440),
    )
    .option("--label <key=value>", "for the fleet to choose by; may be repeated", gather)
    .option(
      "--placement",
      "let the orchestrator decide what is loaded here, beside the models that are named (default: with muster up, and where no model is named)",
    )
    .option("--no-placement", "serve the named models alone");
}

function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

export interface LendingFlags {
  readonly lend?: LendingPolicy;
  readonly schedule?: string;
  readonly idleMinutes?: number;
  readonly label?: readonly string[];
  readonly placement?: boolean;
}

export function lendingOverrides(flags: LendingFlags) {
  return given({
    lend: flags.lend,
    schedule: flags.schedule,
    idleMinutes: flags.idleMinutes,
    labels: flags.label,
    takesPlacement: flags.placement,
  });
}

/** With `muster up` the fleet may load here what is asked for by name, unless somebody says otherwise. */
export function upLendingOverrides(flags: LendingFlags, env: Env) {
  const isSaid = flags.placement !== undefined || Boolean(env["MUSTER_PLACEMENT"]?.trim());
  return { ...lendingOverrides(flags), ...(isSaid ? {} : { takesPlacement: true }) };
}

export interface OrchestratorFlags {
  readonly tls?: "own" | "off";
  readonly tlsCert?: string;
  readonly tlsKey?: string;
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
  readonly engine?: (typeof engineNames)[number];
  readonly llamaServer?: string;
  readonly mmproj?: string;
  readonly draft?: string;
  readonly engineArgs?: string;
  readonly capabilities?: string;
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

/** The environment with what flags say of TLS in place of what it says: the two are not mixed. */
export function tlsEnvironment({ tls, tlsCert, tlsKey }: OrchestratorFlags, env: Env): Env {
  if (tls === undefined && tlsCert === undefined && tlsKey === undefined) return env;
  return { ...env, MUSTER_TLS: tls, MUSTER_TLS_CERT: tlsCert, MUSTER_TLS_KEY: tlsKey };
}

/** Where the operator's key is, for whoever starts a service that needs one: never the key itself. */
export function operatorNote(path: string | undefined): string {
  return path === undefined
    ? ""
    : `The operator's key is in ${path}: muster on this machine uses it by itself. For people and programs: muster keys create\n`;
}

/** What a worker makes of the flags of `withModelOptions`, but for the model itself. */
export function modelOverrides(flags: ModelFlags) {
  return given({
    modelDirectory: flags.modelDir,
    slots: flags.slots,
    contextTokens: flags.context,
    threads: flags.threads,
    gpu: flags.cpu ? ("off" as const) : undefined,
    engine: flags.engine,
    llamaServer: flags.llamaServer,
    mmproj: flags.mmproj,
    draft: flags.draft,
    engineArgs: flags.engineArgs,
    capabilities: flags.capabilities,
  });
}

/** One line on standard error for what went wrong; what a program's own bug threw keeps its stack. */
export function describeFailure(error: unknown): string {
  if (error instanceof MusterError) return `muster: ${error.message}\n`;
  return `muster: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}
