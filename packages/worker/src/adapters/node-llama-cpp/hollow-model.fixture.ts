import { open } from "node:fs/promises";

type Value = number | boolean | string | readonly boolean[] | readonly string[];
/** Its name and its dimensions, the fastest first. */
type Tensor = readonly [name: string, ...dimensions: readonly number[]];

export interface HollowModel {
  readonly architecture: string;
  /** Keys without the architecture's name before them. */
  readonly values: Readonly<Record<string, Value>>;
  readonly tensors: readonly Tensor[];
}

const vocabularySize = 1000;
const alignment = 32;

/**
 * Writes a model file whose weights are holes: it takes no room on disk, and answers nonsense, but llama.cpp allocates
 * for it what it would allocate for a real model of the same shape.
 */
export async function writeHollowModel(path: string, model: HollowModel): Promise<void> {
  const entries = [
    entry("general.architecture", model.architecture),
    ...Object.entries(model.values).map(([key, value]) => entry(`${model.architecture}.${key}`, value)),
    ...vocabulary(),
  ];
  const head = [Buffer.from("GGUF"), u32(3), u64(model.tensors.length), u64(entries.length), ...entries];
  let bytes = 0;
  for (const [name, ...dimensions] of model.tensors) {
    const isMatrix = dimensions.length > 1 && !/norm|conv1d|gate_inp|ssm_[ad]$/.test(name);
    head.push(text(name), u32(dimensions.length), ...dimensions.map(u64), u32(isMatrix ? 1 : 0), u64(bytes));
    bytes += aligned(dimensions.reduce((product, each) => product * each, isMatrix ? 2 : 4));
  }
  const header = Buffer.concat(head);
  const file = await open(path, "w");
  try {
    await file.write(header);
    await file.truncate(aligned(header.length) + bytes);
  } finally {
    await file.close();
  }
}

function vocabulary(): Buffer[] {
  const bytes = Array.from({ length: 256 }, (_, n) => `<0x${n.toString(16).toUpperCase().padStart(2, "0")}>`);
  const special = ["<unk>", "<s>", "</s>"];
  const rest = Array.from({ length: vocabularySize - 259 }, (_, n) => `t${n}`);
  const types = [2, 3, 3, ...bytes.map(() => 6), ...rest.map(() => 1)];
  const prefix = "tokenizer.ggml";
  return [
    entry(`${prefix}.model`, "llama"),
    entry(`${prefix}.tokens`, [...special, ...bytes, ...rest]),
    array(
      `${prefix}.scores`,
      6,
      types.map(() => u32(0)),
    ),
    array(`${prefix}.token_type`, 5, types.map(u32)),
    entry(`${prefix}.bos_token_id`, 1),
    entry(`${prefix}.eos_token_id`, 2),
  ];
}

/** Whole numbers are written as such: what is a fraction in a header is given as one. */
function entry(key: string, value: Value): Buffer {
  if (typeof value === "string") return Buffer.concat([text(key), u32(8), text(value)]);
  if (typeof value === "boolean") return Buffer.concat([text(key), u32(7), Buffer.from([Number(value)])]);
  if (typeof value === "number") {
    return Buffer.concat([
      text(key),
      ...(Number.isInteger(value) ? [u32(4), u32(value)] : [u32(6), f32(value)]),
    ]);
  }
  const items: readonly (boolean | string)[] = value;
  const isText = typeof items[0] === "string";
  return array(
    key,
    isText ? 8 : 7,
    items.map((item) => (typeof item === "string" ? text(item) : Buffer.from([Number(item)]))),
  );
}

function array(key: string, itemType: number, items: readonly Buffer[]): Buffer {
  return Buffer.concat([text(key), u32(9), u32(itemType), u64(items.length), ...items]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

const common = (embedding: number): readonly Tensor[] => [
  ["token_embd.weight", embedding, vocabularySize],
  ["output_norm.weight", embedding],
];

function attention(
  layer: number,
  { embedding, heads, keyHeads, length }: Readonly<Record<string, number>>,
): Tensor[] {
  const p = `blk.${layer}`;
  const [e = 0, h = 0, k = 0, d = 0] = [embedding, heads, keyHeads, length];
  return [
    [`${p}.attn_norm.weight`, e],
    [`${p}.attn_q.weight`, e, h * d],
    [`${p}.attn_k.weight`, e, k * d],
    [`${p}.attn_v.weight`, e, k * d],
    [`${p}.attn_output.weight`, h * d, e],
    [`${p}.attn_q_norm.weight`, d],
    [`${p}.attn_k_norm.weight`, d],
    [`${p}.ffn_norm.weight`, e],
  ];
}

/** Qwen 3's with experts. */
export function hollowQwen3Moe(): HollowModel {
  const [layers, embedding, experts, width, length] = [4, 1024, 32, 512, 128];
  const shape = { embedding, heads: 16, keyHeads: 4, length };
  return {
    architecture: "qwen3moe",
    values: {
      ...{
        context_length: 32_768,
        embedding_length: embedding,
        block_count: layers,
        feed_forward_length: 3072,
      },
      ...{ "attention.head_count": 16, "attention.head_count_kv": 4 },
      ...{ "attention.key_length": length, "attention.value_length": length },
      ...{ "attention.layer_norm_rms_epsilon": 1e-6 },
      ...{ expert_count: experts, expert_used_count: 4, expert_feed_forward_length: width },
    },
    tensors: [
      ...common(embedding),
      ["output.weight", embedding, vocabularySize],
      ...range(layers).flatMap((layer): Tensor[] => [
        ...attention(layer, shape),
        [`blk.${layer}.ffn_gate_inp.weight`, embedding, experts],
        [`blk.${layer}.ffn_gate_exps.weight`, embedding, width, experts],
        [`blk.${layer}.ffn_up_exps.weight`, embedding, width, experts],
        [`blk.${layer}.ffn_down_exps.weight`, width, embedding, experts],
      ]),
    ],
  };
}

/** Gemma 4's with embeddings for each layer, two lengths of heads, and caches that the last layers share. */
export function hollowGemma4(): HollowModel {
  const [layers, embedding, width, perLayer] = [10, 1024, 4096, 128];
  const hasWindow = (layer: number) => layer % 5 !== 4;
  return {
    architecture: "gemma4",
    values: {
      ...{
        context_length: 32_768,
        embedding_length: embedding,
        block_count: layers,
        feed_forward_length: width,
      },
      ...{
        "attention.head_count": 8,
        "attention.head_count_kv": 1,
        "attention.layer_norm_rms_epsilon": 1e-6,
      },
      ...{ "attention.key_length": 512, "attention.value_length": 512, "rope.dimension_count": 512 },
      ...{
        "attention.key_length_swa": 256,
        "attention.value_length_swa": 256,
        "rope.dimension_count_swa": 256,
      },
      ...{ "attention.sliding_window": 512, "attention.shared_kv_layers": 5 },
      "attention.sliding_window_pattern": range(layers).map(hasWindow),
      embedding_length_per_layer_input: perLayer,
    },
    tensors: [
      ...common(embedding),
      ["per_layer_token_embd.weight", perLayer * layers, vocabularySize],
      ["per_layer_model_proj.weight", embedding, perLayer * layers],
      ["per_layer_proj_norm.weight", perLayer],
      ["rope_freqs.weight", 256],
      ...range(layers).flatMap((layer): Tensor[] => [
        ...attention(layer, { embedding, heads: 8, keyHeads: 1, length: hasWindow(layer) ? 256 : 512 }),
        [`blk.${layer}.ffn_gate.weight`, embedding, width],
        [`blk.${layer}.ffn_up.weight`, embedding, width],
        [`blk.${layer}.ffn_down.weight`, width, embedding],
        [`blk.${layer}.post_attention_norm.weight`, embedding],
        [`blk.${layer}.post_ffw_norm.weight`, embedding],
        [`blk.${layer}.inp_gate.weight`, embedding, perLayer],
        [`blk.${layer}.proj.weight`, perLayer, embedding],
        [`blk.${layer}.post_norm.weight`, embedding],
      ]),
    ],
  };
}

/** Mamba 2's: states and no keys. */
export function hollowMamba2(): HollowModel {
  const [layers, embedding, inner, state, ranks] = [6, 1024, 2048, 128, 32];
  const convolved = inner + 2 * state;
  return {
    architecture: "mamba2",
    values: {
      ...{ context_length: 32_768, embedding_length: embedding, block_count: layers, feed_forward_length: 0 },
      ...{ "attention.head_count": 0, "attention.layer_norm_rms_epsilon": 1e-5 },
      ...{ "ssm.conv_kernel": 4, "ssm.inner_size": inner, "ssm.state_size": state },
      ...{ "ssm.time_step_rank": ranks, "ssm.group_count": 1 },
    },
    tensors: [
      ...common(embedding),
      ...range(layers).flatMap((layer): Tensor[] => [
        [`blk.${layer}.attn_norm.weight`, embedding],
        [`blk.${layer}.ssm_in.weight`, embedding, inner + convolved + ranks],
        [`blk.${layer}.ssm_conv1d.weight`, 4, convolved],
        [`blk.${layer}.ssm_conv1d.bias`, convolved],
        [`blk.${layer}.ssm_dt.bias`, ranks],
        [`blk.${layer}.ssm_a`, 1, ranks],
        [`blk.${layer}.ssm_d`, 1, ranks],
        [`blk.${layer}.ssm_norm.weight`, inner, 1],
        [`blk.${layer}.ssm_out.weight`, inner, embedding],
      ]),
    ],
  };
}

function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at);
}
