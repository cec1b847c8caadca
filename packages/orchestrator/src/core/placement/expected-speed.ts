import type { PlacementVariant, PlacementWorker } from "./fleet-state.ts";
import type { Shape } from "./replica-shapes.ts";

/** Of what could be read in the time, what llama.cpp does read. */
const readShare = 0.65;
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

/** What one answer alone should get: every token reads the weights once. */
export function expectedTokensPerSecond(
  speeds: ReadSpeeds,
  shape: Pick<Shape, "variant" | "device" | "gpuLayers">,
): number {
  const { profile } = shape.variant;
  const bytes = Math.max(1, profile.activeWeightsBytes ?? profile.weightsBytes - profile.hostWeightsBytes);
  const gpuShare =
    shape.device === "gpu" ? 1 : Math.min(1, (shape.gpuLayers ?? 0) / Math.max(1, profile.layers));
  const seconds =
    (bytes * gpuShare) / speeds.gpuBytesPerSecond + (bytes * (1 - gpuShare)) / speeds.ramBytesPerSecond;
  return readShare / seconds;
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
