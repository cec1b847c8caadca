import type { Capability, InferenceEvent, InferenceRequest } from "@muster/base";

export interface EngineLoadSpec {
  /** A file; for `openai` and `stub` the model's URI itself. */
  readonly modelPath: string;
  /** Sequences that run at once. */
  readonly slots: number;
  /** Tokens of context that each slot owns; undefined: the model's own, at most 8,192. */
  readonly contextTokens: number | undefined;
  /** CPU threads for the engine; undefined: measured or derived by the adapter. */
  readonly threads: number | undefined;
  /** `auto` takes a GPU where there is one; `off` stays on the CPU. */
  readonly gpu: "auto" | "off";
  /** Layers on the GPU, as llama.cpp counts them; undefined: all that fit. */
  readonly gpuLayers?: number | undefined;
  /** The projector of a model that sees or hears, for engines that take one. */
  readonly projectorUri?: string | undefined;
  /** The machine's owner has chosen it: what the owner says of a model is meant for it. Undefined: so it is. */
  readonly isFixed?: boolean | undefined;
}

export interface ReplicaInfo {
  readonly engine: string;
  /** Of the engine and what it is built on: `node-llama-cpp 3.22.1, llama.cpp b10000`. Undefined: it does not tell. */
  readonly engineVersion: string | undefined;
  readonly architecture: string;
  readonly fileBytes: number;
  readonly contextTokens: number;
  readonly slots: number;
  readonly threads: number;
  /** The compute backend in use: `cuda`, `vulkan`, `metal` or `cpu`. */
  readonly backend: string;
  readonly loadMs: number;
  /** What the replica can be asked for; anything else it refuses with `unsupported`. */
  readonly capabilities: readonly Capability[];
  /** What it takes once it is warm, its process included; undefined: the engine does not tell. */
  readonly memory?: { readonly vramBytes: number; readonly ramBytes: number } | undefined;
  /** Layers on a GPU, of those that the model has (one makes the logits); undefined: the engine does not tell. */
  readonly offload?: { readonly gpuLayers: number; readonly layers: number } | undefined;
}

export interface EngineExit {
  /** `closed`: we asked for it. `crashed`: it died by itself; `detail` says how (signal, exit code). */
  readonly kind: "closed" | "crashed";
  readonly detail: string;
}

/** One model in memory, ready to answer. */
export interface EngineReplica {
  readonly info: ReplicaInfo;
  /** Settles once, when the replica can answer no more. Never rejects. */
  readonly exited: Promise<EngineExit>;
  /**
   * Carries out one request on a free slot. The caller never asks for more at once than `info.slots`.
   * Throws MusterError: `cancelled` once `signal` fires, `context_length_exceeded`, `invalid_request`, `unsupported`
   * (both with `param` where a field is at fault), `engine_crashed` when the engine dies under it, `engine_failed`
   * otherwise. Leaving the loop early cancels.
   */
  infer(request: InferenceRequest, signal: AbortSignal): AsyncIterable<InferenceEvent>;
  /** Ends every answer, frees the memory; safe to call twice. */
  close(): Promise<void>;
}

/**
 * Runs models. Adapters: `node-llama-cpp` and `llama-server` (a child process per replica), `openai` (a server that runs
 * already) and `stub` (fixed answers, for load tests).
 */
export interface Engine {
  readonly name: string;
  /**
   * Loads a model file. `onProgress` gets a fraction from 0 to 1.
   * Throws MusterError `model_load_failed` with the engine's own reason, or `cancelled`.
   */
  load(
    spec: EngineLoadSpec,
    options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
  ): Promise<EngineReplica>;
}
