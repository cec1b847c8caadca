import type { AttentionWindows } from "./attention-windows.ts";
import type { HyperParameters } from "./hyper-parameters.ts";
import type { RecurrentLayers } from "./recurrent-layers.ts";

export interface KeyValueBytes {
  /** Of each token, over all layers that see the whole context. */
  readonly whole: number;
  readonly window: number;
}

/** They read a text at once and keep nothing (llama-model.cpp, create_memory). */
const withoutCache = new Set([
  "bert",
  "dream",
  "eurobert",
  "gemma-embedding",
  "jina-bert-v2",
  "jina-bert-v3",
  "llada",
  "llada-moe",
  "modern-bert",
  "neo-bert",
  "nomic-bert",
  "nomic-bert-moe",
  "rnd1",
  "wavtokenizer-dec",
]);
/** They keep more beside keys and values, in ways that differ from file to file: values are counted though absent. */
const counted = new Set(["deepseek4", "dots3note", "hy_v4", "kimi-k3"]);
const valueBytes = 2;

export function keepsNothing(architecture: string): boolean {
  return withoutCache.has(architecture);
}

/** Keys and values in 16 bits, as node-llama-cpp and llama-server keep them unless told otherwise (llama-kv-cache.cpp). */
export function keyValueBytes(
  parameters: HyperParameters,
  parts: {
    readonly layers: number;
    readonly windows: AttentionWindows;
    readonly recurrent: RecurrentLayers;
  },
): KeyValueBytes {
  const { architecture } = parameters;
  if (withoutCache.has(architecture)) return { whole: 0, window: 0 };
  // Latent attention keeps one compressed vector, and no values.
  const isLatent = (parameters.number("attention.key_length_mla") ?? 0) > 0 && !counted.has(architecture);
  const indexer = parameters.number("attention.indexer.key_length") ?? 0;
  const layersWithCache = cachedLayers(parameters, parts.layers);
  let whole = 0;
  let window = 0;
  for (let layer = 0; layer < layersWithCache; layer += 1) {
    if (!parts.recurrent.hasAttention(layer)) continue;
    const hasWindow = parts.windows.hasWindow(layer);
    const heads = keyHeads(parameters, layer);
    const numbers =
      heads * headLength(parameters, "key", hasWindow) +
      (isLatent ? 0 : heads * headLength(parameters, "value", hasWindow)) +
      indexer;
    if (hasWindow) window += numbers * valueBytes;
    else whole += numbers * valueBytes;
  }
  return { whole, window };
}

export function keyHeads(parameters: HyperParameters, layer: number): number {
  return (
    parameters.ofLayer("attention.head_count_kv", layer) ??
    parameters.ofLayer("attention.head_count", layer) ??
    0
  );
}

/** Layers with a window may have shorter heads. */
export function headLength(parameters: HyperParameters, of: "key" | "value", hasWindow: boolean): number {
  const heads = parameters.ofLayer("attention.head_count", 0) ?? 0;
  const usual = heads === 0 ? 0 : Math.floor((parameters.number("embedding_length") ?? 0) / heads);
  const whole = parameters.number(`attention.${of}_length`) ?? usual;
  return hasWindow ? (parameters.number(`attention.${of}_length_swa`) ?? whole) : whole;
}

/** The first layers: those of Gemma 3n and 4 that follow look into the caches of earlier ones. */
function cachedLayers(parameters: HyperParameters, layers: number): number {
  if (parameters.architecture === "gemma3n") return Math.min(layers, 20);
  return Math.max(0, layers - (parameters.number("attention.shared_kv_layers") ?? 0));
}
