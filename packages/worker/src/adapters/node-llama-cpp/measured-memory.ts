import { gpuContextBytes, gpuProcessBytes, processBytes } from "@muster/models";
import type { LlamaModel } from "node-llama-cpp";
import type { ReplicaInfo } from "../../ports/engine.ts";

interface BufferBytes {
  readonly vramBytes: number;
  readonly ramBytes: number;
}

/**
 * What llama.cpp has allocated for a context: caches and what batches are computed in.
 * @param context the library's, of whatever kind
 * @returns undefined where this version of the library does not tell
 */
function contextBytes(context: unknown): BufferBytes | undefined {
  const inner = field(context, "_llamaContext") ?? context;
  return breakdown(field(inner, "_ctx"));
}

/**
 * What a loaded replica takes: what llama.cpp says of its buffers, and what is known of a process with this vocabulary
 * and its driver. Weights that were arranged anew for the processor count once: their place in the file can be dropped.
 */
export function measuredMemory(
  model: LlamaModel,
  parts: { readonly contexts: readonly unknown[]; readonly vocabularySize: number; readonly gpus: number },
): ReplicaInfo["memory"] {
  const weights = breakdown(field(model, "_model"));
  const contexts = parts.contexts.map(contextBytes);
  if (weights === undefined || contexts.includes(undefined)) return undefined;
  const sum = (of: (bytes: BufferBytes) => number) =>
    contexts.reduce((total, each) => total + (each === undefined ? 0 : of(each)), 0);
  const vramBytes = weights.vramBytes + sum((bytes) => bytes.vramBytes);
  const isOnGpu = vramBytes > 0;
  return {
    vramBytes: isOnGpu ? vramBytes + gpuContextBytes * Math.max(1, parts.gpus) : 0,
    ramBytes:
      Math.min(weights.ramBytes, model.size) +
      sum((bytes) => bytes.ramBytes) +
      processBytes(parts.vocabularySize) +
      (isOnGpu ? gpuProcessBytes : 0),
  };
}

function breakdown(native: unknown): BufferBytes | undefined {
  const get = field(native, "getMemoryBreakdown");
  if (typeof get !== "function") return undefined;
  const found: unknown = get.call(native);
  const [vramBytes, ramBytes] = [field(found, "gpuVram"), field(found, "cpuRam")];
  return typeof vramBytes === "number" && typeof ramBytes === "number" ? { vramBytes, ramBytes } : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
