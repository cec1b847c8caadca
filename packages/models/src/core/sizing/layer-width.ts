import type { HyperParameters } from "./hyper-parameters.ts";
import { headLength, keyHeads } from "./key-value-bytes.ts";

/**
 * Numbers that the widest step of a layer holds at once for each token of a batch: what goes around the layer, and the
 * feed-forward part's three vectors, the experts', or the attention's. Fitted to what llama.cpp reserves (docs/sizing.md).
 */
export function layerWidth(parameters: HyperParameters, layers: number): number {
  const { number } = parameters;
  const embedding = number("embedding_length") ?? 0;
  let widest = 0;
  for (let layer = 0; layer < layers; layer += 1) {
    widest = Math.max(
      widest,
      feedForward(parameters, layer),
      experts(parameters, layer),
      attention(parameters, layer),
    );
  }
  // A recurrent layer's projections, its convolution and what it scans.
  widest = Math.max(widest, 6 * (number("ssm.inner_size") ?? 0));
  return 4 * embedding + widest + kept(parameters, layers);
}

/** What stays for all layers: Gemma 3n and 4 have embeddings for each layer, Gemma 3n four streams. */
function kept({ architecture, number }: HyperParameters, layers: number): number {
  const perLayer = 2 * (number("embedding_length_per_layer_input") ?? 0) * layers;
  return perLayer + (architecture === "gemma3n" ? 8 * (number("embedding_length") ?? 0) : 0);
}

function feedForward(parameters: HyperParameters, layer: number): number {
  return 3 * (parameters.ofLayer("feed_forward_length", layer) ?? 0);
}

function experts(parameters: HyperParameters, layer: number): number {
  const length = parameters.ofLayer("expert_feed_forward_length", layer) ?? 0;
  const used = parameters.ofLayer("expert_used_count", layer) ?? 0;
  const shared = parameters.number("expert_shared_feed_forward_length") ?? 0;
  return used * (3 * length + (parameters.number("embedding_length") ?? 0)) + 3 * shared;
}

function attention(parameters: HyperParameters, layer: number): number {
  const queries = parameters.ofLayer("attention.head_count", layer) ?? 0;
  const keys = keyHeads(parameters, layer);
  const length = Math.max(headLength(parameters, "key", false), headLength(parameters, "value", false));
  return 2 * (queries + keys) * length;
}
