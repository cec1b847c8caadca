import type { HyperParameters } from "./hyper-parameters.ts";

export interface RecurrentLayers {
  readonly isRecurrent: (layer: number) => boolean;
  /** Whether it keeps keys and values: a layer may do both, or neither. */
  readonly hasAttention: (layer: number) => boolean;
  /** Of one sequence, in each recurrent layer. */
  readonly stateBytes: number;
}

/** As llama.cpp's llm_arch_is_recurrent and llm_arch_is_hybrid have them (llama-arch.cpp). */
const purelyRecurrent = new Set(["mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"]);
/** A layer without key heads is recurrent. */
const byHeads = new Set([
  "jamba",
  "plamo2",
  "granitehybrid",
  "lfm2",
  "lfm2moe",
  "kimi-linear",
  "kimi-k3",
  "bailingmoe3",
]);
/** All but each so many-th layer, unless the file lists them. */
const byInterval: Readonly<Record<string, number>> = {
  qwen3next: 4,
  qwen35: 4,
  qwen35moe: 4,
  qwen4exp: 4,
  "minimax-01": 8,
};

/** Which layers keep a state instead of the past, and how large it is (llama-hparams.cpp: n_embd_r, n_embd_s). */
export function recurrentLayers(parameters: HyperParameters): RecurrentLayers {
  const { architecture } = parameters;
  const stateBytes = stateNumbers(parameters) * 4;
  const heads = (layer: number) => parameters.ofLayer("attention.head_count_kv", layer) ?? 0;
  const feedForward = (layer: number) => parameters.ofLayer("feed_forward_length", layer) ?? 0;
  if (purelyRecurrent.has(architecture)) {
    return { isRecurrent: () => true, hasAttention: () => false, stateBytes };
  }
  if (architecture === "falcon-h1") return { isRecurrent: () => true, hasAttention: () => true, stateBytes };
  if (architecture === "nemotron_h" || architecture === "nemotron_h_moe") {
    return {
      isRecurrent: (layer) => heads(layer) === 0 && feedForward(layer) === 0,
      hasAttention: (layer) => heads(layer) > 0 && feedForward(layer) === 0,
      stateBytes,
    };
  }
  const interval = Object.hasOwn(byInterval, architecture) ? byInterval[architecture] : undefined;
  const isRecurrent =
    interval !== undefined
      ? inIntervals(parameters, interval)
      : byHeads.has(architecture)
        ? (layer: number) => heads(layer) === 0
        : () => false;
  return { isRecurrent, hasAttention: (layer) => !isRecurrent(layer), stateBytes };
}

function inIntervals(parameters: HyperParameters, usual: number): (layer: number) => boolean {
  const key = "attention.recurrent_layers";
  if (parameters.isList(key)) return (layer) => (parameters.ofLayer(key, layer) ?? 0) !== 0;
  const interval = Math.max(1, parameters.number("full_attention_interval") ?? usual);
  return (layer) => (layer + 1) % interval !== 0;
}

function stateNumbers(parameters: HyperParameters): number {
  const { number } = parameters;
  const embedding = number("embedding_length") ?? 0;
  const heads = parameters.ofLayer("attention.head_count", 0) ?? 0;
  const kernel = number("ssm.conv_kernel");
  const wkv = number("wkv.head_size");
  if (wkv !== undefined && wkv > 0) {
    // RWKV: the last tokens, and a square for each head.
    return embedding * (number("token_shift_count") ?? 2) + embedding * wkv;
  }
  const kda = number("kda.head_dim");
  if (kda !== undefined && kda > 0) {
    return 3 * Math.max(0, (kernel ?? 4) - 1) * heads * kda + kda * kda * heads;
  }
  if (parameters.architecture === "minimax-01") {
    const head = number("attention.key_length") ?? (heads === 0 ? 0 : embedding / heads);
    return head * head * heads;
  }
  const shortKernel = number("shortconv.l_cache");
  const inner = number("ssm.inner_size") ?? 0;
  const state = number("ssm.state_size") ?? 0;
  const groups = number("ssm.group_count") ?? 0;
  const convolution =
    shortKernel !== undefined && shortKernel > 0
      ? embedding * (shortKernel - 1)
      : Math.max(0, (kernel ?? 1) - 1) * (inner + 2 * groups * state);
  return convolution + state * inner;
}
