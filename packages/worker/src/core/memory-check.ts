import { type Gpu, MusterError } from "@muster/base";
import { type MemoryProfile, memoryParts } from "@muster/models";

/** A slot is worth nothing with less. */
const leastContextTokens = 256;

/**
 * Throws MusterError `model_load_failed` for a model that cannot fit, though all memory of the machine were free: what
 * others use of it comes and goes, and whether it fits beside them the engine finds out.
 */
export function checkAgainstMachine(
  profile: MemoryProfile,
  wanted: {
    readonly model: string;
    readonly slots: number;
    readonly contextTokens: number | undefined;
    readonly gpu: "auto" | "off";
  },
  machine: { readonly ramBytes: number; readonly gpus: readonly Gpu[] },
): void {
  const { model, slots, contextTokens = leastContextTokens, gpu } = wanted;
  const parts = memoryParts(profile, { slots, contextTokens });
  const needBytes = parts.weightsBytes + parts.cacheBytes + parts.computeBytes;
  const vramBytes = gpu === "off" ? 0 : ownMemory(machine.gpus);
  if (needBytes <= machine.ramBytes + vramBytes) return;
  const gpuWords = vramBytes > 0 ? ` and ${gigabytes(vramBytes)} on its GPUs` : "";
  throw new MusterError(
    "model_load_failed",
    `"${model}" needs ${gigabytes(needBytes)} of memory (${gigabytes(parts.weightsBytes)} of weights, the rest for ` +
      `${slots} slots of ${contextTokens} tokens), and this machine has ${gigabytes(machine.ramBytes)}${gpuWords}. ` +
      "Choose a smaller model or quantisation, fewer slots or less context.",
  );
}

/** Memory that is the machine's main memory too counts there. */
function ownMemory(gpus: readonly Gpu[]): number {
  return gpus.reduce((sum, gpu) => sum + (gpu.isUnified === true ? 0 : gpu.vramBytes), 0);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
