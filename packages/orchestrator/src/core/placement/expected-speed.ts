import { expectedRates, type MemoryProfile } from "@muster/models";
import type { PlacementVariant, PlacementWorker } from "./fleet-state.ts";
import type { Shape } from "./shape.ts";

/** Of a small card and of two channels of main memory: where nobody knows. */
const guessedGpuBytesPerSecond = 250e9;
const guessedRamBytesPerSecond = 35e9;
/** A second sequence on the same replica adds this share of the first one's speed. */
const nextSlotShare = 0.6;

const networkBytesPerSecond = 100e6;
const diskBytesPerSecond = 1e9;

/** How fast a worker reads the weights. */
export interface ReadSpeeds {
  readonly gpuBytesPerSecond: number;
  readonly ramBytesPerSecond: number;
}

export function readSpeeds(worker: PlacementWorker): ReadSpeeds {
  return {
    gpuBytesPerSecond: gpuBytesPerSecond(worker),
    ramBytesPerSecond: worker.ramBytesPerSecond ?? guessedRamBytesPerSecond,
  };
}

/** What one answer alone should get. */
export function expectedTokensPerSecond(
  speeds: ReadSpeeds,
  { device, gpuLayers, variant }: Pick<Shape, "variant" | "device" | "gpuLayers">,
): number {
  const { profile } = variant;
  if (device === "gpu") return ratesOnGpu(profile, speeds.gpuBytesPerSecond);
  const gpuShare = Math.min(1, (gpuLayers ?? 0) / Math.max(1, profile.layers));
  return expectedRates(profile, { ...speeds, gpuShare })?.decodeTokensPerSecond ?? 0;
}

/** Plans ask for the same few cards again and again: worked out once for each profile and whole GB a second. */
const known = new WeakMap<MemoryProfile, Map<number, number>>();

function ratesOnGpu(profile: MemoryProfile, bytesPerSecond: number): number {
  const gbPerSecond = Math.max(1, Math.round(bytesPerSecond / 1e9));
  let rates = known.get(profile);
  if (rates === undefined) {
    rates = new Map();
    known.set(profile, rates);
  }
  let rate = rates.get(gbPerSecond);
  if (rate === undefined) {
    const gpuBytesPerSecond = gbPerSecond * 1e9;
    rate = expectedRates(profile, { gpuShare: 1, gpuBytesPerSecond })?.decodeTokensPerSecond ?? 0;
    rates.set(gbPerSecond, rate);
  }
  return rate;
}

/** Of all slots together. */
export function expectedThroughput(tokensPerSecond: number, slots: number): number {
  return tokensPerSecond * (1 + nextSlotShare * (slots - 1));
}

function variantBytes(variant: PlacementVariant): number {
  return (variant.fileBytes ?? variant.profile.weightsBytes) + (variant.projectorBytes ?? 0);
}

/** What has to come over the network first. */
export function missingBytes(worker: PlacementWorker, variant: PlacementVariant): number {
  const model = worker.stored.has(variant.uri) ? 0 : (variant.fileBytes ?? variant.profile.weightsBytes);
  const { projectorUri, projectorBytes = 0 } = variant;
  return model + (projectorUri === undefined || worker.stored.has(projectorUri) ? 0 : projectorBytes);
}

export function expectedLoadMs(worker: PlacementWorker, variant: PlacementVariant): number {
  const seconds =
    missingBytes(worker, variant) / networkBytesPerSecond + variantBytes(variant) / diskBytesPerSecond;
  return Math.ceil(seconds * 1000);
}

/** Layers lie on the GPUs in proportion to their memory, and a token passes through all of them. */
function gpuBytesPerSecond({ gpus }: PlacementWorker): number {
  let bytes = 0;
  let seconds = 0;
  for (const gpu of gpus) {
    bytes += gpu.offeredBytes;
    seconds += gpu.offeredBytes / (gpu.bytesPerSecond ?? guessedGpuBytesPerSecond);
  }
  return seconds > 0 ? bytes / seconds : guessedGpuBytesPerSecond;
}
