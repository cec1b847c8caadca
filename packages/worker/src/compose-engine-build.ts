import { dirname, join } from "node:path";
import { type Env, type Log, silentLog } from "@muster/base";
import { defaultModelDirectory } from "@muster/models";
import { buildEngine as build, missingBuildTools } from "./adapters/node-llama-cpp/build-engine.ts";
import { type EngineBinary, findEngineBinary } from "./adapters/node-llama-cpp/engine-binary.ts";

export interface BuildEngineHooks {
  readonly log?: Log;
  /** Gets what is being done, and how far it is: from 0 to 1. */
  readonly onProgress?: (step: string, fraction: number) => void;
  readonly signal?: AbortSignal;
}

/** Where engines that were compiled on this machine are kept: beside the models. */
export function defaultEngineDirectory(env: Env): string {
  return join(dirname(defaultModelDirectory(env)), "engine");
}

/**
 * Compiles the engine for this machine's processor. A worker that runs without a GPU uses it from its next load on.
 * Throws MusterError: `unsupported` when a tool is missing, `cancelled`, `model_load_failed` when it fails.
 */
export function buildEngine(env: Env, hooks: BuildEngineHooks = {}): Promise<EngineBinary> {
  return build({
    directory: defaultEngineDirectory(env),
    log: hooks.log ?? silentLog,
    onProgress: hooks.onProgress ?? (() => {}),
    signal: hooks.signal ?? new AbortController().signal,
    now: new Date().toISOString(),
  });
}

export type EngineBuildState =
  | { readonly kind: "built"; readonly builtAt: string }
  | { readonly kind: "none"; readonly missingTools: readonly string[] };

/** What `muster doctor` asks: is there a compiled engine for this machine, and could one be made? */
export async function engineBuildState(env: Env): Promise<EngineBuildState> {
  const binary = findEngineBinary(defaultEngineDirectory(env));
  if (binary !== undefined) return { kind: "built", builtAt: binary.builtAt };
  return { kind: "none", missingTools: await missingBuildTools() };
}
