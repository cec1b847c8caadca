import type { ReplicaInfo } from "../../ports/engine.ts";

/** What llama.cpp says of its memory while it loads. */
export interface BufferLog {
  read(line: string): void;
  /** Undefined: it has said nothing. */
  memory(): ReplicaInfo["memory"];
  offload(): ReplicaInfo["offload"];
}

const mib = 1024 ** 2;
const buffer = /: +(\S+) +(?:model|KV|RS|compute|output) buffer size = +(\d+(?:\.\d+)?) MiB/;
const layers = /: offloaded (\d+)\/(\d+) layers to GPU/;

/** Adds up the buffers of the server's models: those of a draft or a projector count too. */
export function createBufferLog(): BufferLog {
  let vramBytes = 0;
  let ramBytes = 0;
  let isMapped = false;
  let offload: ReplicaInfo["offload"];
  return {
    read(line) {
      const found = buffer.exec(line);
      if (found !== null) {
        const [, name = "", size] = found;
        const bytes = Math.round(Number(size) * mib);
        isMapped ||= name === "CPU_Mapped";
        // Weights that were arranged anew for the processor: their place in the mapped file can be dropped.
        if (isMapped && name === "CPU_REPACK") return;
        if (isHost(name)) ramBytes += bytes;
        else vramBytes += bytes;
        return;
      }
      const [, gpuLayers, all] = layers.exec(line) ?? [];
      // The first one is the model itself.
      if (gpuLayers !== undefined) offload ??= { gpuLayers: Number(gpuLayers), layers: Number(all) };
    },
    memory: () => (vramBytes + ramBytes === 0 ? undefined : { vramBytes, ramBytes }),
    offload: () => offload,
  };
}

/** `CUDA_Host` is main memory that the driver knows of. */
function isHost(name: string): boolean {
  return name.startsWith("CPU") || name.endsWith("_Host") || name === "BLAS";
}
