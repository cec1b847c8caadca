import type { Gpu, GpuLoad } from "@muster/base";
import type { WorkerView } from "./worker.ts";

/** Whose memory it is. Undefined: the driver does not tell. */
export interface Vram {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly oursBytes: number | undefined;
  readonly othersBytes: number | undefined;
  /** What Muster may have in all. */
  readonly offeredBytes: number | undefined;
}

export function vramOfGpu(gpu: Gpu, load: GpuLoad | undefined): Vram {
  const freeBytes = load?.freeVramBytes ?? gpu.freeVramBytes;
  const othersBytes = load?.othersBytes;
  return {
    totalBytes: gpu.vramBytes,
    freeBytes,
    oursBytes: othersBytes === undefined ? undefined : Math.max(0, gpu.vramBytes - freeBytes - othersBytes),
    othersBytes,
    offeredBytes: load?.offeredBytes,
  };
}

/** Of all GPUs of a worker; what one of them does not tell is undefined for all, but what engines report of themselves. */
export function vramOf({
  hardware,
  load,
  replicas,
}: Pick<WorkerView, "hardware" | "load"> & {
  readonly replicas: readonly { readonly vramBytes: number }[];
}): Vram {
  const gpus = hardware.gpus.map((gpu, at) => vramOfGpu(gpu, load?.gpus?.[at]));
  const reported = replicas.reduce((sum, { vramBytes }) => sum + vramBytes, 0);
  const knowsOurs = gpus.every(({ oursBytes }) => oursBytes !== undefined);
  return {
    totalBytes: sumOf(gpus, ({ totalBytes }) => totalBytes) ?? 0,
    freeBytes: sumOf(gpus, ({ freeBytes }) => freeBytes) ?? 0,
    oursBytes: knowsOurs ? sumOf(gpus, ({ oursBytes }) => oursBytes) : reported,
    othersBytes: sumOf(gpus, ({ othersBytes }) => othersBytes),
    offeredBytes: sumOf(gpus, ({ offeredBytes }) => offeredBytes),
  };
}

/** Undefined where one of them is. */
function sumOf<T>(items: readonly T[], of: (item: T) => number | undefined): number | undefined {
  let sum = 0;
  for (const item of items) {
    const value = of(item);
    if (value === undefined) return undefined;
    sum += value;
  }
  return sum;
}
