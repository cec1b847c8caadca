import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { type Env, MusterError, readChoice, readInteger, readText } from "@muster/base";

export interface ModelOffer {
  readonly uri: string;
  /** The name it is served under; undefined: taken from the file's name. */
  readonly name: string | undefined;
}

export interface WorkerConfig {
  /** `host:port` of the orchestrator's fleet port. */
  readonly orchestrator: string;
  readonly joinToken: string | undefined;
  readonly name: string;
  /** Holds the worker's id. */
  readonly dataDirectory: string;
  readonly modelDirectory: string | undefined;
  readonly models: readonly ModelOffer[];
  readonly slots: number;
  readonly contextTokens: number | undefined;
  readonly threads: number | undefined;
  readonly gpu: "auto" | "off";
  readonly engine: "node-llama-cpp" | "stub";
  /** The stub engine's speed, per sequence; 0 is as fast as it can. */
  readonly stubTokensPerSecond: number;
  readonly stubFirstTokenMs: number;
  readonly huggingFaceEndpoint: string | undefined;
  readonly huggingFaceToken: string | undefined;
  /** What running attempts get to finish when the worker is told to stop. */
  readonly drainMs: number;
  /** The environment, for what the engine's child and the downloads look up themselves. */
  readonly env: Env;
}

export type WorkerOverrides = Partial<WorkerConfig>;

const namePattern = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * The configuration from flags (`overrides`), then the environment, then defaults; checked and frozen.
 * Throws MusterError `invalid_request` naming the setting, what is wrong and what to do.
 */
export function loadWorkerConfig(overrides: WorkerOverrides, env: Env = process.env): WorkerConfig {
  const share = readText(env, "XDG_DATA_HOME") ?? join(homedir(), ".local", "share");
  const modelUri = readText(env, "MUSTER_MODEL");
  const config: WorkerConfig = {
    orchestrator: overrides.orchestrator ?? readText(env, "MUSTER_JOIN") ?? "127.0.0.1:11501",
    joinToken: overrides.joinToken ?? readText(env, "MUSTER_JOIN_TOKEN"),
    name: overrides.name ?? readText(env, "MUSTER_WORKER_NAME") ?? defaultName(),
    dataDirectory: overrides.dataDirectory ?? readText(env, "MUSTER_DATA_DIR") ?? join(share, "muster"),
    modelDirectory: overrides.modelDirectory ?? readText(env, "MUSTER_MODEL_DIR"),
    models: overrides.models ?? (modelUri === undefined ? [] : [{ uri: modelUri, name: undefined }]),
    slots: overrides.slots ?? readInteger(env, "MUSTER_SLOTS", { min: 1, max: 256 }) ?? 4,
    contextTokens:
      overrides.contextTokens ?? readInteger(env, "MUSTER_CONTEXT", { min: 128, max: 1_048_576 }),
    threads: overrides.threads ?? readInteger(env, "MUSTER_THREADS", { min: 1, max: 1_024 }),
    gpu: overrides.gpu ?? readChoice(env, "MUSTER_GPU", ["auto", "off"]) ?? "auto",
    engine:
      overrides.engine ?? readChoice(env, "MUSTER_ENGINE", ["node-llama-cpp", "stub"]) ?? "node-llama-cpp",
    stubTokensPerSecond:
      overrides.stubTokensPerSecond ?? readInteger(env, "MUSTER_STUB_RATE", { min: 0, max: 1_000_000 }) ?? 0,
    stubFirstTokenMs:
      overrides.stubFirstTokenMs ??
      readInteger(env, "MUSTER_STUB_FIRST_TOKEN_MS", { min: 0, max: 3_600_000 }) ??
      0,
    huggingFaceEndpoint: overrides.huggingFaceEndpoint ?? readText(env, "HF_ENDPOINT"),
    huggingFaceToken: overrides.huggingFaceToken ?? readText(env, "HF_TOKEN"),
    drainMs:
      overrides.drainMs ?? (readInteger(env, "MUSTER_DRAIN_SECONDS", { min: 1, max: 3_600 }) ?? 60) * 1000,
    env: overrides.env ?? env,
  };
  check(config);
  return Object.freeze(config);
}

function check(config: WorkerConfig): void {
  if (!/^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/.test(config.orchestrator)) {
    throw new MusterError(
      "invalid_request",
      `"${config.orchestrator}" is not an orchestrator's address: give host:port, for example 192.168.1.20:11501.`,
      { param: "--join" },
    );
  }
  if (!namePattern.test(config.name)) {
    throw new MusterError(
      "invalid_request",
      `"${config.name}" cannot be a worker's name: use 1 to 64 letters, digits, dots, dashes and underscores.`,
      { param: "--name" },
    );
  }
}

function defaultName(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9._-]+/g, "-")
      .slice(0, 64) || "worker"
  );
}
