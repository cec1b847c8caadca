import { MusterError } from "@muster/base";
import type { LlamaContext, LlamaModel } from "node-llama-cpp";

/**
 * The addon's context, below the library's own batching. Nothing here may run beside a step: `StepLoop` is its only
 * user. Positions and ids are llama.cpp's.
 */
export interface NativeContext {
  initBatch(tokens: number): void;
  /** Gives the places in the batch of the tokens whose logits were asked for. */
  addToBatch(
    sequenceId: number,
    firstPosition: number,
    tokens: Uint32Array,
    withLogits: Uint32Array,
  ): Uint32Array;
  decodeBatch(): Promise<void>;
  /** With `probabilities` a pair of the token and a flat list: token, probability, token, ... */
  sampleToken(
    batchIndex: number,
    sampler: NativeSampler,
    probabilities?: boolean,
  ): Promise<number | [token: number, probabilities?: number[]]>;
  removeTokenCellsFromSequence(sequenceId: number, from: number, to: number): boolean;
  disposeSequence(sequenceId: number): void;
  /** The first position with a cell: above 0 where a sliding window let go of old ones; -1 for an empty cache. */
  getSequenceKvCacheMinPosition(sequenceId: number): number;
  /** Gives the last position that was copied. */
  copySequenceStateFromOtherSequence(toId: number, fromId: number): Promise<number>;
  setThreads(threads: number): void;
}

export interface NativeSampler {
  applyConfig(config: Readonly<Record<string, unknown>>): void;
  dispose(): void;
}

export interface NativeEngine {
  readonly context: NativeContext;
  createSampler(): NativeSampler;
  /**
   * Decodes the batch and samples at each of `batchIndexes`, in one hop to another thread; gives a token, or why there
   * is none, for each. Only our own build has it (`native/step.cpp`); undefined with the prebuilt library.
   */
  readonly step:
    | ((
        batchIndexes: readonly number[],
        samplers: readonly NativeSampler[],
      ) => Promise<readonly (number | string)[]>)
    | undefined;
}

const contextMethods = [
  "initBatch",
  "addToBatch",
  "decodeBatch",
  "sampleToken",
  "removeTokenCellsFromSequence",
  "disposeSequence",
  "getSequenceKvCacheMinPosition",
  "copySequenceStateFromOtherSequence",
  "setThreads",
] as const;

/** Throws MusterError `model_load_failed` when the library is not the one that this was written for. */
export function nativeEngine(context: LlamaContext, model: LlamaModel): NativeEngine {
  const native = record(record(context)["_ctx"]);
  const nativeModel = record(model)["_model"];
  const bindings = record(record(model.llama)["_bindings"]);
  const missing = contextMethods.filter((name) => typeof native[name] !== "function");
  const Sampler = bindings["AddonSampler"];
  if (missing.length > 0 || typeof Sampler !== "function" || nativeModel === undefined) {
    throw new MusterError(
      "model_load_failed",
      `This version of node-llama-cpp lacks what the engine drives it by (${missing.join(", ") || "AddonSampler"}). Install the version that package.json names.`,
    );
  }
  const step = bindings["musterStep"];
  return {
    context: native as unknown as NativeContext,
    createSampler: () => new (Sampler as new (model: unknown) => NativeSampler)(nativeModel),
    step:
      typeof step === "function"
        ? (batchIndexes, samplers) => (step as StepFunction)(native, batchIndexes, samplers)
        : undefined,
  };
}

type StepFunction = (
  context: unknown,
  batchIndexes: readonly number[],
  samplers: readonly NativeSampler[],
) => Promise<readonly (number | string)[]>;

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
