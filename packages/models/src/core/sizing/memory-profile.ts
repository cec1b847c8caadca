import type { GgufHeader } from "../gguf-header.ts";
import type { MemoryProfile } from "../memory-profile.ts";
import type { TensorTotals } from "../tensor-totals.ts";
import { attentionWindows } from "./attention-windows.ts";
import { type HyperParameters, hyperParameters } from "./hyper-parameters.ts";
import { keepsNothing, keyValueBytes } from "./key-value-bytes.ts";
import { layerWidth } from "./layer-width.ts";
import { recurrentLayers } from "./recurrent-layers.ts";

export type MemoryProfileResult =
  | { readonly kind: "profile"; readonly profile: MemoryProfile }
  | { readonly kind: "unknown"; readonly reason: string };

/** As llama.cpp's LLAMA_MAX_LAYERS. */
const maxLayers = 512;
/** An encoder beside the decoder, or no language model at all. */
const foreign = new Set(["t5", "t5encoder", "clip", "gemma4-assistant", "eagle3", "dflash"]);

/**
 * What a model needs of memory, from its header.
 * @param parts headers of the other files, for a model that is cut into several
 */
export function memoryProfile(header: GgufHeader, parts: readonly GgufHeader[] = []): MemoryProfileResult {
  const parameters = hyperParameters(header);
  if (parameters === undefined) return unknown("its file does not name an architecture");
  const { architecture } = parameters;
  if (foreign.has(architecture)) return unknown(`"${architecture}" is not a model that writes by itself`);
  const files = header.metadata.get("split.count");
  if (typeof files === "number" && files > parts.length + 1) {
    return unknown(`it is cut into ${files} files, of which ${parts.length + 1} were looked at`);
  }
  const all = [header, ...parts].map(({ tensors }) => tensors);
  if (all.some(({ isComplete }) => !isComplete)) return unknown("some of its weights are of an unknown type");
  const blocks = parameters.number("block_count");
  const embeddingLength = parameters.number("embedding_length");
  if (blocks === undefined || blocks < 1 || blocks > maxLayers || embeddingLength === undefined) {
    return unknown("its file does not say how many layers it has, or how wide they are");
  }
  const profile = profileOf(parameters, { header, all, blocks, embeddingLength });
  const numbers = Object.values(profile).filter((value) => typeof value === "number");
  if (numbers.some((value) => !Number.isSafeInteger(value))) return unknown("its numbers make no sense");
  return { kind: "profile", profile };
}

function profileOf(
  parameters: HyperParameters,
  found: {
    readonly header: GgufHeader;
    readonly all: readonly TensorTotals[];
    readonly blocks: number;
    readonly embeddingLength: number;
  },
): MemoryProfile {
  const { architecture, number } = parameters;
  const { all, blocks, embeddingLength } = found;
  // Layers that guess further tokens are loaded by nobody who does not ask for them.
  const layers = Math.max(1, blocks - (number("nextn_predict_layers") ?? 0));
  const recurrent = recurrentLayers(parameters);
  const windows = attentionWindows(parameters, { layers, isRecurrent: recurrent.isRecurrent });
  const kv = keyValueBytes(parameters, { layers, windows, recurrent });
  const recurrentCount = count(layers, recurrent.isRecurrent);
  const sum = (of: (totals: TensorTotals) => number) => all.reduce((total, each) => total + of(each), 0);
  const weightsBytes = sum(({ allBytes }) => allBytes);
  const tokenEmbeddingBytes = sum((totals) => totals.tokenEmbeddingBytes);
  const hostWeightsBytes = tokenEmbeddingBytes + sum((totals) => totals.perLayerEmbeddingBytes);
  const isTied = sum(({ outputBytes }) => outputBytes) === 0 && !keepsNothing(architecture);
  const copiedWeightsBytes = isTied ? tokenEmbeddingBytes : 0;
  const expertBytes = sum((totals) => totals.expertBytes);
  const usedShare = expertShare(parameters, layers);
  return {
    architecture,
    weightsBytes,
    hostWeightsBytes,
    copiedWeightsBytes,
    activeWeightsBytes: Math.ceil(
      weightsBytes - hostWeightsBytes + copiedWeightsBytes - expertBytes * (1 - usedShare),
    ),
    layers: blocks,
    kvBytesPerToken: kv.whole,
    kvWindowBytesPerToken: kv.window,
    windowTokens: kv.window > 0 ? windows.tokens : 0,
    stateBytesPerSlot: recurrentCount * recurrent.stateBytes,
    embeddingLength,
    vocabularySize: vocabularySize(parameters, found.header),
    layerWidth: layerWidth(parameters, layers),
    maxContextTokens: number("context_length") ?? 0,
    use: (number("pooling_type") ?? 0) > 0 || keepsNothing(architecture) ? "embed" : "generate",
  };
}

function expertShare(parameters: HyperParameters, layers: number): number {
  const experts = parameters.number("expert_count") ?? 0;
  if (experts === 0) return 1;
  let used = 0;
  for (let layer = 0; layer < layers; layer += 1)
    used += parameters.ofLayer("expert_used_count", layer) ?? experts;
  return Math.min(1, used / layers / experts);
}

function vocabularySize(parameters: HyperParameters, { metadata }: GgufHeader): number {
  const tokens = metadata.get("tokenizer.ggml.tokens");
  return typeof tokens === "object" ? tokens.length : (parameters.number("vocab_size") ?? 0);
}

function count(layers: number, is: (layer: number) => boolean): number {
  let sum = 0;
  for (let layer = 0; layer < layers; layer += 1) if (is(layer)) sum += 1;
  return sum;
}

function unknown(reason: string): MemoryProfileResult {
  return { kind: "unknown", reason };
}
