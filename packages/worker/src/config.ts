import { homedir, hostname } from "node:os";
import { join } from "node:path";
import {
  type Env,
  MusterError,
  readByteSize,
  readChoice,
  readInteger,
  readList,
  readText,
  refusedName,
} from "@muster/base";
import { type FetchPolicy, fetchPolicies, hostsOf } from "@muster/models";
import { type CapabilityChange, parseCapabilityChange } from "./core/capability-change.ts";
import { splitArguments } from "./core/split-arguments.ts";
import { type EngineTrustConfig, loadEngineTrustConfig } from "./engine-trust-config.ts";
import { type LendingConfig, type LendingOverrides, loadLendingConfig } from "./lending-config.ts";

export interface ModelOffer {
  readonly uri: string;
  /** The name it is served under; undefined: taken from the file's name. */
  readonly name: string | undefined;
}

export interface WorkerConfig extends LendingConfig, EngineTrustConfig {
  /** `host:port` of the orchestrator's fleet port. */
  readonly orchestrator: string;
  readonly name: string;
  /** Holds the worker's id, and what makes it one of a fleet. */
  readonly dataDirectory: string;
  readonly modelDirectory: string | undefined;
  readonly models: readonly ModelOffer[];
  readonly slots: number;
  readonly contextTokens: number | undefined;
  readonly threads: number | undefined;
  readonly gpu: "auto" | "off";
  /** Those that are lent, as the driver counts them from 0; undefined: all. */
  readonly gpus: readonly number[] | undefined;
  /** Memory that is kept free for others, of each GPU and of the machine; undefined: a share of it. */
  readonly vramReserveBytes: number | undefined;
  readonly ramReserveBytes: number | undefined;
  /** The most that Muster may have, of each GPU and of the machine; undefined: all that is free. */
  readonly maxVramBytes: number | undefined;
  readonly maxRamBytes: number | undefined;
  /** What runs model files. */
  readonly engine: EngineName;
  /** The llama-server program; undefined: the first on PATH. */
  readonly llamaServer: string | undefined;
  /** For llama-server: the projector of a model that sees or hears, a path or URI. */
  readonly mmproj: string | undefined;
  /** For llama-server: a small model that drafts for the large one, a path or URI. */
  readonly draft: string | undefined;
  /** For llama-server: more of its own flags. */
  readonly engineArgs: readonly string[];
  /** What the owner knows better about a model of llama-server or an upstream. */
  readonly capabilities: CapabilityChange | undefined;
  /** The key for models whose address begins with `openai:`. */
  readonly upstreamKey: string | undefined;
  /** How long such a server, or llama-server, may send nothing while it works. */
  readonly upstreamSilenceMs: number;
  /** The stub engine's speed, per sequence; 0 is as fast as it can. */
  readonly stubTokensPerSecond: number;
  readonly stubFirstTokenMs: number;
  readonly stubVramBytes: number;
  readonly huggingFaceEndpoint: string | undefined;
  readonly huggingFaceToken: string | undefined;
  /** Hosts that model files may be fetched from though they are in a private network. */
  readonly fetchHosts: readonly string[];
  /** Where missing model files come from. */
  readonly fetchPolicy: FetchPolicy;
  /** What fetched model files may take in all; undefined: the disk, but for a reserve. */
  readonly modelDiskBytes: number | undefined;
  /** What running attempts get to finish when the worker is told to stop. */
  readonly drainMs: number;
  /** The environment, for what the engine's child and the downloads look up themselves. */
  readonly env: Env;
}

export const engineNames = ["node-llama-cpp", "llama-server", "stub"] as const;
export type EngineName = (typeof engineNames)[number];

/** As people write them. */
interface WrittenSettings {
  readonly engineArgs?: string;
  readonly capabilities?: string;
}

export type WorkerOverrides = Partial<Omit<WorkerConfig, keyof WrittenSettings | keyof LendingConfig>> &
  WrittenSettings &
  LendingOverrides;

const namePattern = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * The configuration from flags (`overrides`), then the environment, then defaults; checked and frozen.
 * Throws MusterError `invalid_request` naming the setting, what is wrong and what to do.
 */
export function loadWorkerConfig(overrides: WorkerOverrides, env: Env = process.env): WorkerConfig {
  refuseJoinToken(env);
  const share = readText(env, "XDG_DATA_HOME") ?? join(homedir(), ".local", "share");
  const modelUri = readText(env, "MUSTER_MODEL");
  const models = overrides.models ?? (modelUri === undefined ? [] : [{ uri: modelUri, name: undefined }]);
  const capabilities = overrides.capabilities ?? readText(env, "MUSTER_CAPABILITIES");
  const mmproj = overrides.mmproj ?? readText(env, "MUSTER_MMPROJ");
  const draft = overrides.draft ?? readText(env, "MUSTER_DRAFT");
  const config: WorkerConfig = {
    orchestrator: overrides.orchestrator ?? readText(env, "MUSTER_JOIN") ?? "127.0.0.1:11501",
    name: overrides.name ?? readText(env, "MUSTER_WORKER_NAME") ?? defaultName(),
    dataDirectory: overrides.dataDirectory ?? readText(env, "MUSTER_DATA_DIR") ?? join(share, "muster"),
    modelDirectory: overrides.modelDirectory ?? readText(env, "MUSTER_MODEL_DIR"),
    models,
    slots: overrides.slots ?? readInteger(env, "MUSTER_SLOTS", { min: 1, max: 256 }) ?? 4,
    contextTokens:
      overrides.contextTokens ?? readInteger(env, "MUSTER_CONTEXT", { min: 128, max: 1_048_576 }),
    threads: overrides.threads ?? readInteger(env, "MUSTER_THREADS", { min: 1, max: 1_024 }),
    gpu: overrides.gpu ?? readChoice(env, "MUSTER_GPU", ["auto", "off"]) ?? "auto",
    gpus: overrides.gpus ?? readGpuNumbers(env),
    vramReserveBytes: overrides.vramReserveBytes ?? readByteSize(env, "MUSTER_VRAM_RESERVE"),
    ramReserveBytes: overrides.ramReserveBytes ?? readByteSize(env, "MUSTER_RAM_RESERVE"),
    maxVramBytes: overrides.maxVramBytes ?? readByteSize(env, "MUSTER_MAX_VRAM"),
    maxRamBytes: overrides.maxRamBytes ?? readByteSize(env, "MUSTER_MAX_RAM"),
    engine: overrides.engine ?? readChoice(env, "MUSTER_ENGINE", engineNames) ?? "node-llama-cpp",
    llamaServer: overrides.llamaServer ?? readText(env, "MUSTER_LLAMA_SERVER"),
    ...{ mmproj, draft },
    engineArgs: splitArguments(
      overrides.engineArgs ?? readText(env, "MUSTER_ENGINE_ARGS") ?? "",
      "--engine-args",
    ),
    capabilities: capabilities === undefined ? undefined : parseCapabilityChange(capabilities),
    upstreamKey: overrides.upstreamKey ?? readText(env, "MUSTER_UPSTREAM_KEY"),
    upstreamSilenceMs:
      overrides.upstreamSilenceMs ??
      (readInteger(env, "MUSTER_UPSTREAM_SILENCE_SECONDS", { min: 1, max: 86_400 }) ?? 300) * 1000,
    stubTokensPerSecond:
      overrides.stubTokensPerSecond ?? readInteger(env, "MUSTER_STUB_RATE", { min: 0, max: 1_000_000 }) ?? 0,
    stubFirstTokenMs:
      overrides.stubFirstTokenMs ??
      readInteger(env, "MUSTER_STUB_FIRST_TOKEN_MS", { min: 0, max: 3_600_000 }) ??
      0,
    stubVramBytes: overrides.stubVramBytes ?? readByteSize(env, "MUSTER_STUB_VRAM") ?? 0,
    huggingFaceEndpoint: overrides.huggingFaceEndpoint ?? readText(env, "HF_ENDPOINT"),
    huggingFaceToken: overrides.huggingFaceToken ?? readText(env, "HF_TOKEN"),
    fetchHosts: [
      ...(overrides.fetchHosts ?? readList(env, "MUSTER_FETCH_HOSTS")),
      // What the owner has named is the owner's to name.
      ...hostsOf([...models.map(({ uri }) => uri), ...[mmproj, draft].filter((uri) => uri !== undefined)]),
    ],
    fetchPolicy: overrides.fetchPolicy ?? readChoice(env, "MUSTER_FETCH", fetchPolicies) ?? "mirror-first",
    modelDiskBytes: overrides.modelDiskBytes ?? readByteSize(env, "MUSTER_MODEL_DISK_BYTES"),
    drainMs:
      overrides.drainMs ?? (readInteger(env, "MUSTER_DRAIN_SECONDS", { min: 1, max: 3_600 }) ?? 60) * 1000,
    ...loadLendingConfig(overrides, env, models.length > 0),
    ...loadEngineTrustConfig(overrides, env),
    env: overrides.env ?? env,
  };
  check(config);
  return Object.freeze(config);
}

function refuseJoinToken(env: Env): void {
  if (readText(env, "MUSTER_JOIN_TOKEN") === undefined) return;
  throw new MusterError(
    "invalid_request",
    "MUSTER_JOIN_TOKEN is set, and join tokens are no more: this machine joins with an invitation of its own. Unset it, have an administrator run `muster workers invite --pool desks`, and paste the line that it prints here.",
    { param: "MUSTER_JOIN_TOKEN" },
  );
}

/** `0,2`. Throws `invalid_request` for anything else. */
function readGpuNumbers(env: Env): readonly number[] | undefined {
  const text = readText(env, "MUSTER_GPUS");
  if (text === undefined) return undefined;
  const words = text.split(",").map((word) => word.trim());
  if (words.every((word) => /^\d{1,3}$/.test(word))) return [...new Set(words.map(Number))];
  throw new MusterError(
    "invalid_request",
    `MUSTER_GPUS is "${text}": write the numbers of the GPUs to lend, such as 0,2; MUSTER_GPU=off lends none.`,
    { param: "MUSTER_GPUS" },
  );
}

function check(config: WorkerConfig): void {
  checkEngineFlags(config);
  if (!/^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/.test(config.orchestrator)) {
    throw new MusterError(
      "invalid_request",
      `"${config.orchestrator}" is not an orchestrator's address: give host:port, for example 192.168.1.20:11501.`,
      { param: "--join" },
    );
  }
  if (!namePattern.test(config.name) || refusedName(config.name) !== undefined) {
    throw new MusterError(
      "invalid_request",
      `"${config.name}" cannot be a worker's name: use 1 to 64 letters, digits, dots, dashes and underscores, with no dot at the end, and no name of a device of Windows.`,
      { param: "--name" },
    );
  }
}

/** A flag without effect would be taken for one that has it. */
function checkEngineFlags({ engine, mmproj, draft, engineArgs }: WorkerConfig): void {
  if (engine === "llama-server") return;
  const given = [
    mmproj === undefined ? [] : ["--mmproj"],
    draft === undefined ? [] : ["--draft"],
    engineArgs.length === 0 ? [] : ["--engine-args"],
  ].flat();
  if (given[0] !== undefined) {
    throw new MusterError("invalid_request", `${given.join(", ")}: only with --engine llama-server.`, {
      param: given[0],
    });
  }
}

function defaultName(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9._-]+/g, "-")
      .slice(0, 64) || "worker"
  );
}
