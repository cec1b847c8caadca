import type { MemoryProfile } from "../memory-profile.ts";
import { blocksOf } from "./replica-memory.ts";

/** Where a replica computes, as far as speed goes. */
export interface ComputePlace {
  /** Of the GPUs' memory; undefined: no GPU, or one that nobody knows. */
  readonly gpuBytesPerSecond?: number | undefined;
  /** Of main memory, as the probe measures it: copying, one thread. */
  readonly ramBytesPerSecond?: number | undefined;
  /** Share of the layers that GPUs compute, 0 to 1. */
  readonly gpuShare: number;
  /** Tokens of context that a sequence has behind it; undefined: 1,024. */
  readonly filledTokens?: number | undefined;
}

/** Estimates, for the time before anything was measured: right within a factor of two, mostly. */
export interface ExpectedRates {
  readonly prefillTokensPerSecond: number;
  /** Of one sequence that has the replica for itself. */
  readonly decodeTokensPerSecond: number;
}

const usualFilledTokens = 1024;
/** Share of its bandwidth that a device gets out of reading weights for one token. */
const efficiency = { gpu: 0.6, cpu: 0.7 };
/** A step takes at least so long, however small the model: kernels are started one by one. */
const leastStepSeconds = { gpu: 0.002, cpu: 0.0005 };
/** Tokens of a prompt that take as long as one that is written: GPUs compute far more than they read. */
const prefillGain = { gpu: 30, cpu: 4 };

/**
 * How fast a model should run where it was never measured. A token that is written reads all active weights and the
 * cache once, so that memory's speed decides; prompts are computed many tokens at a time, which is a guess from the
 * kind of device. Undefined where the speed of the memory is not known.
 */
export function expectedRates(profile: MemoryProfile, place: ComputePlace): ExpectedRates | undefined {
  const { gpuShare, filledTokens = usualFilledTokens } = place;
  const { copiedWeightsBytes = 0 } = profile;
  const active =
    profile.activeWeightsBytes ?? profile.weightsBytes - profile.hostWeightsBytes + copiedWeightsBytes;
  const cells = blocksOf(filledTokens);
  const cacheBytes =
    filledTokens * profile.kvBytesPerToken +
    Math.min(cells, profile.windowTokens) * profile.kvWindowBytesPerToken +
    profile.stateBytesPerSlot;
  const bytes = active + cacheBytes;
  const gpu = stepSeconds("gpu", bytes * gpuShare, {
    share: gpuShare,
    bytesPerSecond: place.gpuBytesPerSecond,
  });
  const cpuShare = 1 - gpuShare;
  const cpu = stepSeconds("cpu", bytes * cpuShare, {
    share: cpuShare,
    bytesPerSecond: place.ramBytesPerSecond,
  });
  if (gpu === undefined || cpu === undefined) return undefined;
  return {
    decodeTokensPerSecond: 1 / (gpu + cpu),
    prefillTokensPerSecond: 1 / (gpu / prefillGain.gpu + cpu / prefillGain.cpu),
  };
}

function stepSeconds(
  kind: "gpu" | "cpu",
  bytes: number,
  { share, bytesPerSecond }: { readonly share: number; readonly bytesPerSecond: number | undefined },
): number | undefined {
  if (share <= 0) return 0;
  if (bytesPerSecond === undefined || bytesPerSecond <= 0) return undefined;
  return Math.max(leastStepSeconds[kind] * share, bytes / (bytesPerSecond * efficiency[kind]));
}
